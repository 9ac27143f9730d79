Feature: Cards that differ

  # clause: FIDELITY C31, C32
  @CA-18 @must @needs-emulator
  Scenario Outline: The auth certificate is free on a card, and behind its PIN on a phone: <profile>
    Given the card of "hanako" with the profile "<profile>" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the file 00 0A is selected
    And the terminal sends 00 B0 00 00 02
    Then the status word is <status>
    When the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 0A is read
    Then the file is one DER object followed by FF

    Examples:
      | profile  | status |
      | standard | 9000   |
      | android  | 6982   |

  # clause: FIDELITY C21, C30
  # part: what reading the missing certificate answers, which needs the password that is blocked
  @CA-21 @must @needs-emulator
  Scenario: The card of a child under 15 says that it has no sign certificate
    Given the card of "hanako" with the profile "under-15" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the file 00 08 is read
    Then the file starts with 00 8F 00
    And the file holds 3 bytes
    When the file 00 0A is read
    Then the file is one DER object followed by FF
    And the PIN file 00 18 has 3 tries left
    And the PIN file 00 1B has 0 tries left
