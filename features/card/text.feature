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
  # part: that the key of the real root refuses it
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
