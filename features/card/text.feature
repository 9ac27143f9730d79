Feature: 券面事項入力補助AP, the four attributes as text

  # clause: FIDELITY P11
  @CA-42 @must @needs-emulator
  Scenario: The PIN opens all, number A the first file only, number B the second only
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    When the file 00 02 is selected
    And the terminal sends 00 B0 00 00 02
    Then the status word is 6982
    When the file 00 14 is selected
    And the PIN "990000000010" is verified
    Then these commands are answered:
      | command          | status |
      | 00A4020C 02 0001 | 9000   |
      | 00B00000 03      | 9000   |
      | 00A4020C 02 0002 | 9000   |
      | 00B00000 03      | 6982   |
    When the card is taken away and held again
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 15 is selected
    And the PIN "02040120350001" is verified
    Then these commands are answered:
      | command          | status |
      | 00A4020C 02 0002 | 9000   |
      | 00B00000 02      | 9000   |
      | 00A4020C 02 0001 | 9000   |
      | 00B00000 03      | 6982   |
    When the file 00 11 is selected
    And the PIN "1234" is verified
    Then these commands are answered:
      | command          | status |
      | 00A4020C 02 0001 | 9000   |
      | 00B00000 03      | 9000   |
      | 00A4020C 02 0002 | 9000   |
      | 00B00000 02      | 9000   |

  # clause: FIDELITY C22, C23
  @CA-43 @must @needs-emulator
  Scenario Outline: Offsets lead to name, address, birth and sex, behind a header in the <form> form
    Given the card of "<holder>" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 11 is selected
    And the PIN "1234" is verified
    When the file 00 02 is read
    Then the file starts with <header>
    And the attributes' offsets lead to their tags

    Examples:
      | form  | holder | header                           |
      | short | tsuru  | FF 20 68 DF 21 08 00 0E          |
      | long  | choju  | FF 20 82 02 89 DF 21 08 00 10    |

  # clause: FIDELITY C24
  @CA-44 @must
  Scenario: The integrity record vouches for number and attributes
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 11 is selected
    And the PIN "1234" is verified
    Then the integrity record matches number and attributes
    And the integrity record is signed by the key in the file 00 04
    And one flipped byte of the integrity record is detected

  # clause: FIDELITY K14
  # part: the real root's key itself, which is in no file here; that the certificate names a test root, and another root refuses it, stands for it
  @CA-46 @must
  Scenario: The CV certificate has the form of the real ones, and the root's signature
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    When the file 00 04 is read
    Then the file holds 568 bytes
    And the file starts with 7F 21 82 02 33 5F 4E 82 01 29
    And the file holds 90 03 01 00 01 91 82 01 00 at 42
    And the file holds 5F 37 82 01 00 at 307
    And the CV certificate in the file 00 04 is signed by the root
    And one flipped byte of the CV certificate in the file 00 04 is detected
    And the file 00 04 is read
    And the file holds 36 30 30 30 30 33 33 08 05 30 30 31 00 00 00 00 at 10
    And the root called "face" refuses the CV certificate in the file 00 04
    When the application D3 92 10 00 31 00 01 01 04 02 is selected
    And the file 00 04 is read
    Then the file holds 568 bytes
    And the file holds 36 30 30 30 30 32 33 08 05 30 30 31 00 00 00 00 at 10
    And the CV certificate in the file 00 04 is signed by the root called "face"
    And the root called "text" refuses the CV certificate in the file 00 04

  # The session key is 00 01 … 0F. The cryptograms were made by openssl enc: the
  # counter, encrypted with -aes-128-ecb, is the IV for -aes-128-cbc.
  # clause: ISO/IEC 7816-4 §6; FIDELITY C28
  @CA-47 @behaviour
  Scenario: Secure messaging wants the PIN first, counts, and dies of one malformed object
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    When the terminal sends 80 AE 00 00 00 01 00 followed by 256 bytes of 11
    Then the status word is 6982
    When the file 00 11 is selected
    And the PIN "1234" is verified
    And the terminal sends 80 AE 00 00 00 01 00 followed by 256 bytes of FF
    Then the status word is 6F00
    When the terminal sends 80 AE 00 00 00 01 00 followed by 256 bytes of 11
    Then the status word is 6A80
    When a session key is made of the seed 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F
    Then these commands are answered:
      | command                                                  | status | data                                     |
      | 08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871     | 9000   |                                          |
      | 08B00000 000005 96 03 00000A 0000                        | 9000   | 8611 01 035B72107D69C3163B492C5E5308DBCD |
      | 00B00000 05                                              | 9000   | 7F21820233                               |
      | 08200091 13 8611 01 74236396D61C624ED82F1F915DD20225     | 9000   |                                          |
      | 08B07FFF 000005 96 03 000001 0000                        | 6B00   |                                          |
      | 08B00000 000005 96 03 00000A 0000                        | 9000   | 8611 01 CC35B6A527F4BDC192F5628F231ABFA1 |
      | 0CB00000 000005 96 03 00000A 0000                        | 6987   |                                          |
      | 08B00000 00000A 96 03 00000A 96 03 00000A 0000           | 6988   |                                          |
      | 08B00000 000005 96 03 00000A 0000                        | 69FC   |                                          |
    When a session key is made of the seed 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F
    Then these commands are answered:
      | command                                                  | status | data                                     |
      | 08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871     | 9000   |                                          |
      | 08B00000 000005 96 03 00000A 0000                        | 9000   | 8611 01 035B72107D69C3163B492C5E5308DBCD |
      | 00A4040C 0A D3921000310001010408                         | 9000   |                                          |
      | 08B00000 000005 96 03 00000A 0000                        | 69FC   |                                          |

  # clause: ISO/IEC 7816-4 §6; FIDELITY C28
  # part: READ BINARY, whose command carries nothing encrypted: only its answer changes with the counter
  @CA-48 @behaviour
  Scenario: A protected command that comes a second time is refused
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 11 is selected
    And the PIN "1234" is verified
    When a session key is made of the seed 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F
    Then these commands are answered:
      | command                                                  | status |
      | 08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871     | 9000   |
      | 08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871     | 6988   |
      | 08B00000 000005 96 03 00000A 0000                        | 69FC   |
    And the PIN file 00 11 has 3 tries left
