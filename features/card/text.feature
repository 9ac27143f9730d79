Feature: 券面事項入力補助AP, the four attributes as text

  # clause: card.md §5.2
  @CA-43 @must
  Scenario Outline: Offsets lead to name, address, birth and sex in the <form> form
    Given the card of "<holder>" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 11 is selected
    And the PIN "1234" is verified
    When the file 00 02 is read
    Then the file starts with <header>
    And the attributes' offsets lead to their tags

    Examples:
      | form  | holder | header   |
      | short | hanako | FF 20    |

  # clause: card.md §5.3
  @CA-44 @must
  Scenario: The integrity record vouches for number and attributes
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    And the file 00 11 is selected
    And the PIN "1234" is verified
    Then the integrity record matches number and attributes
    And the integrity record is signed by the key in the file 00 04
    And one flipped byte of the integrity record is detected
