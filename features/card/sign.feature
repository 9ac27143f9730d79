Feature: Signing

  Background:
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected

  # clause: FIDELITY P19
  @CA-33 @must
  Scenario: Each key wants its own PIN
    When the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 6982
    When the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 1A is selected
    And the card signs 30 31
    Then the status word is 6982
    When the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 1B is selected
    And the PIN "ABC123" is verified
    And the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 6982

  # clause: RFC 8017 §9.2; FIDELITY P13
  @CA-34 @must
  Scenario: Any 1 to 245 bytes are signed as they are, in a block of type 1
    Given the certificate in the file 00 0A is kept
    And the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    When the card signs 1 bytes of AB
    Then the answer is the RSA block of type 1 over 1 bytes of AB
    When the card signs 51 bytes of 30
    Then the answer is the RSA block of type 1 over 51 bytes of 30
    When the card signs 245 bytes of 5A
    Then the answer is the RSA block of type 1 over 245 bytes of 5A
    When the card signs 246 bytes of 5A
    Then the status word is 6985
    When the terminal sends 80 2A 00 80 00
    Then the status word is 6700

  # clause: RFC 8017 §8.2
  @CA-35 @must
  Scenario: A signature verifies with the certificate on the card, and repeats
    Given the certificate in the file 00 0A is kept
    And the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    Then the signature over "かざす" verifies
    And signing "かざす" twice gives the same bytes
    When the file 00 1B is selected
    And the PIN "ABC123" is verified
    And the certificate in the file 00 01 is kept
    And the file 00 1A is selected
    Then the signature over "契約書" verifies

  # clause: FIDELITY P12
  @CA-36 @behaviour
  Scenario: P1 chooses what the card does before it signs
    Given the certificate in the file 00 0A is kept
    And the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    Then mode 00 signs "kazasu" as "digest-info"
    And mode 01 signs "kazasu" as "bare"
    And mode 02 signs "kazasu" as "digest-info"
    And mode 03 signs "kazasu" as "digest-info"
    And mode 04 signs "kazasu" as "pss"
    And mode 05 signs "kazasu" as "pss"
    When the terminal sends 80 2A 06 80 02 30 31 00
    Then the status word is 6A86
    When the terminal sends 80 2A FF 80 02 30 31 00
    Then the status word is 6A86

  # clause: RFC 8017 §8.1; FIDELITY P12
  @CA-37 @behaviour
  Scenario: PSS verifies with a salt of 32 bytes, and never repeats
    Given the certificate in the file 00 0A is kept
    And the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    When mode 05 signs "kazasu" as "pss"
    And the answer is kept
    And mode 05 signs "kazasu" as "pss"
    Then the answer is another than the kept one

  # clause: FIDELITY P20
  @CA-38 @must
  Scenario: A key chosen by short identifier is the key chosen by SELECT
    Given the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    When the terminal sends 80 2A 00 80 04 30 31 32 33 00
    And the answer is kept
    And the file 00 06 is selected
    And the terminal sends 80 2A 00 97 04 30 31 32 33 00
    Then the status word is 9000
    And the answer is the kept one

  # clause: ISO/IEC 7816-4 §7.5.3; FIDELITY P17
  @CA-40 @must
  Scenario: Random bytes come in any number up to 256, and don't repeat
    Then every number of random bytes from 1 to 256 comes
    When the terminal asks 10 times for 256 random bytes
    And the terminal asks 10000 times for 8 random bytes
    And the terminal sends 00 84 00 00 00 01 00
    Then the status word is 6985

  # clause: ISO/IEC 7816-4 §7.5.2; FIDELITY C37
  # part: the signature itself, whose public key is nowhere on a card
  @CA-39 @behaviour
  Scenario: One key answers a challenge without a PIN, the same each time, and no other key does
    Then these commands are answered:
      | command                              | status | data      |
      | 00880097 08 0001020304050607 00      | 6982   |           |
      | 0088009A 08 0001020304050607 00      | 6982   |           |
      | 00A4040C 0A D3921000310001010408     | 9000   |           |
      | 00880093 08 0001020304050607 00      | 6985   |           |
      | 00A4040C 0A D3921000310001010402     | 9000   |           |
      | 0088009A 08 0001020304050607 00      | 6985   |           |
      | 00A4040C 0A D3921000310001010100     | 9000   |           |
      | 00880099 08 0001020304050607 00      | 9000   | 256 bytes |
    When the answer is kept
    And the file 00 19 is selected
    And the terminal sends 00 88 00 80 08 00 01 02 03 04 05 06 07 00
    Then the answer is the kept one
    When the terminal sends 00 88 00 80 08 00 01 02 03 04 05 06 08 00
    Then the status word is 9000
    And the answer is another than the kept one
