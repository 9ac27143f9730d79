Feature: 券面事項確認AP, the card's face as data

  Background:
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 02 is selected

  # clause: FIDELITY C34, C35
  # part: what the photograph and the texts show
  @CA-45 @must @needs-emulator
  Scenario: Each key opens its files, and the face is signed in three parts
    Then these commands are answered:
      | command     | status | data             |
      | 00B08100 02 | 6982   |                  |
      | 00B08200 02 | 6982   |                  |
      | 00B08300 02 | 9000   | FF30             |
      | 00B08400 05 | 9000   | 7F21820233       |
      | 00B08500 02 | 6982   |                  |
    When the file 00 11 is selected
    And the PIN "020401" is verified
    Then these commands are answered:
      | command     | status | data                               |
      | 00B08100 10 | 9000   | FF1082021E DF1108 3139393030343031 |
      | 00B08200 02 | 6982   |                                    |
      | 00B08500 02 | 6982   |                                    |
    And the file 00 01 ends with a signature by the key in the file 00 04
    When the card is taken away and held again
    And the application D3 92 10 00 31 00 01 01 04 02 is selected
    And the file 00 12 is selected
    And the PIN "02040120350001" is verified
    Then these commands are answered:
      | command     | status | data   |
      | 00B08100 02 | 6982   |        |
      | 00B08200 02 | 9000   | FF20   |
      | 00B08500 02 | 6982   |        |
    When the card is taken away and held again
    And the application D3 92 10 00 31 00 01 01 04 02 is selected
    And the file 00 13 is selected
    And the PIN "990000000010" is verified
    Then these commands are answered:
      | command     | status | data |
      | 00B08100 02 | 6982   |      |
      | 00B08200 02 | 9000   | FF20 |
      | 00B08500 02 | 9000   | FF40 |
    And the file 00 05 ends with a signature by the key in the file 00 04
    When the file 00 02 is read
    Then the file holds FF FF at 16382
    And the file holds DF 21 12 at 5
    And the face's nine offsets lead to their tags
    And the file holds DF 22 08 31 39 39 30 30 34 30 31 DF 23 01 32 DF 24 82 01 09 at 26
    And the face holds a photograph in JPEG 2000 and three texts in PNG
    And the face's signature over 96 bytes is by the key in the file 00 04
    And one flipped byte of the face is detected
