Feature: PINs and their counters

  Background:
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 18 is selected

  # clause: ISO/IEC 7816-4 §7.5.6; FIDELITY P2
  @CA-24 @must
  Scenario: Asking costs nothing, however often
    Then 1000 empty queries still leave 3 tries
    When the PIN "1234" is verified
    Then 1000 empty queries still leave 3 tries

  # clause: ISO/IEC 7816-4 §7.5.6
  @CA-25 @must
  Scenario: A wrong PIN costs one try
    When the PIN "0000" is sent
    Then the status word is 63C2
    And 2 tries are left
    When the PIN "9999" is sent
    Then the status word is 63C1
    And 1 tries are left

  # clause: FIDELITY P5
  @CA-26 @behaviour
  Scenario: The last try answers 63C0, and from then on the PIN is blocked
    When the PIN "0000" is sent
    And the PIN "0000" is sent
    And the PIN "0000" is sent
    Then the status word is 63C0
    When the PIN "0000" is sent
    Then the status word is 6984
    When the PIN "1234" is sent
    Then the status word is 6984
    And 0 tries are left

  # clause: ISO/IEC 7816-4 §7.5.6
  @CA-27 @must
  Scenario: The right PIN gives all tries back
    When the PIN "0000" is sent
    And the PIN "0000" is sent
    Then the status word is 63C1
    When the PIN "1234" is sent
    Then the status word is 9000
    And 3 tries are left

  # clause: ISO/IEC 7816-4 §7.5.6; FIDELITY P8
  # part: a restart of the process, and a kill inside VERIFY: the emulator's own tests do that
  @CA-28 @must
  Scenario: The counter outlives reset and loss of power
    When the PIN "0000" is sent
    And the card is reset
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    Then the PIN file 00 18 has 2 tries left
    When the PIN "0000" is sent
    And the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    Then the PIN file 00 18 has 1 tries left

  # clause: FIDELITY P1, P21, P22
  @CA-29 @must
  Scenario: Every PIN has a counter of its own
    When the PIN "0000" is sent
    Then the PIN file 00 18 has 2 tries left
    And the PIN file 00 1B has 5 tries left
    When the application D3 92 10 00 31 00 01 01 04 08 is selected
    Then the PIN file 00 11 has 3 tries left
    And the PIN file 00 14 has 10 tries left
    And the PIN file 00 15 has 10 tries left
    When the PIN "00000000000000" is sent
    Then the PIN file 00 15 has 9 tries left
    And the PIN file 00 14 has 10 tries left
    And the PIN file 00 11 has 3 tries left
    When the application D3 92 10 00 31 00 01 01 04 02 is selected
    Then the PIN file 00 11 has 10 tries left
    And the PIN file 00 12 has 10 tries left
    And the PIN file 00 13 has 10 tries left
    When the application D3 92 10 00 31 00 01 01 04 01 is selected
    And the file 00 1C is selected
    And the PIN "0000" is sent
    Then the PIN file 00 1C has 2 tries left
    When the application D3 92 10 00 31 00 01 01 01 00 is selected
    Then the PIN file 00 1C has 2 tries left

  # clause: FIDELITY P6
  @CA-30 @must
  Scenario Outline: A PIN of the wrong form grants nothing: <why>
    When the PIN "<pin>" is sent
    Then the status word is 63C2
    When the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 6982

    Examples:
      | pin   | why       |
      | 123   | too short |
      | 12345 | too long  |
      | 12A4  | a letter  |

  # clause: FIDELITY C10
  @CA-31 @must
  Scenario: A PIN stays verified over files, and dies with the application and the power
    When the PIN "1234" is verified
    And the file 00 0A is selected
    And the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 9000
    When the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 6982
    When the file 00 18 is selected
    And the PIN "1234" is verified
    And the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 17 is selected
    And the card signs 30 31
    Then the status word is 6982

  # clause: ISO/IEC 7816-4 §7.5.7; FIDELITY P9
  @CA-32 @must
  Scenario: A PIN changes after the old one, and keeps its form
    When the PIN is changed to "4321"
    Then the status word is 6982
    When the PIN "1234" is verified
    And the PIN is changed to "43210"
    Then the status word is 6A80
    When the PIN is changed to "432A"
    Then the status word is 6A80
    When the PIN is changed to "4321"
    Then the status word is 9000
    When the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 18 is selected
    And the PIN "1234" is sent
    Then the status word is 63C2
    When the PIN "4321" is sent
    Then the status word is 9000
    When the file 00 1B is selected
    And the PIN "ABC123" is verified
    And the PIN is changed to "abc123"
    Then the status word is 6A80
    When the PIN is changed to "SHORT"
    Then the status word is 6A80
    When the PIN is changed to "NEWPASSWORD012345"
    Then the status word is 6A80
    When the PIN is changed to "NEWPASSWORD01234"
    Then the status word is 9000
    When the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 1B is selected
    And the PIN "ABC123" is sent
    Then the status word is 63C4
    When the PIN "NEWPASSWORD01234" is sent
    Then the status word is 9000
