Feature: Commands that are wrong, and bad moments

  # clause: ISO/IEC 7816-4 §5.1; ISO/IEC 7816-3 §12.1
  @CA-49 @must
  Scenario: Every coding of length is answered rightly, or with 6700
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    Then these commands are answered:
      | command                  | status | data     |
      | 00A4                     | 6700   |          |
      | 00A402                   | 6700   |          |
      | 00B08800                 | 6700   |          |
      | 00B08800 03              | 9000   | 8F8F00   |
      | 00B08800 000003          | 9000   | 8F8F00   |
      | 00A4020C 02 0006         | 9000   |          |
      | 00A4020C 02 00           | 6700   |          |
      | 00A4020C 02 0006 00 00   | 6700   |          |
      | 00A4020C 03 0006         | 6700   |          |
      | 00A4020C 000002 0006     | 9000   |          |
      | 00A4020C 000002 00       | 6700   |          |
      | 00A4020C 000000 0006     | 6700   |          |
      | 00A4020C 000002 0006 00  | 6700   |          |
      | 00B00000 04              | 9000   | 4A504B49 |
    When the terminal sends 00 A4 04 0C 00 FF F8 followed by 65528 bytes of D3
    Then the status word is 6700
    And the file 00 06 is selected

  # clause: ISO/IEC 7816-3 §6.2.2; BSI TR-03105 P3.1 as a pattern
  # part: one READ BINARY stands for all commands; the emulator's own tests cut the power inside those that write
  @CA-51 @must @needs-emulator
  Scenario: Losing power in the middle of a command leaves a card that works
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 18 is selected
    When the fault "card.slow" is "300ms"
    And the card loses power during 00 B0 86 00 04
    And everybody is honest again
    And the card is taken away and held again
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    Then the PIN file 00 18 has 3 tries left
    And these commands are answered:
      | command     | status | data     |
      | 00B08600 04 | 9000   | 4A504B49 |

  # clause: FIDELITY P18
  # part: no profile has the times of a real card; card.slow delays as much as one likes
  @CA-52 @performance @lane-issuer
  Scenario: A card of the fast profile answers at once
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    Then the card answers 500 times within 20ms
