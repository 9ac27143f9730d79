Feature: Choosing applications and files

  # clause: ISO/IEC 7816-4 §7.1.1
  @CA-04 @must
  Scenario: An unknown name is not found, and the application stays
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the terminal sends 00 A4 04 0C 05 A0 00 00 00 99
    Then the status word is 6A82
    And the file 00 06 is selected
