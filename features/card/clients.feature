Feature: What other people's software sends

  # clause: FIDELITY C33
  # part: clients on iOS, and the minidriver of Windows
  @CA-53 @must
  Scenario: The command sequences of OpenSC, myna, jsapdu and Android apps are accepted
    Given the card of "hanako" is on the reader
    # OpenSC: driver match, binding, certificates, login, signature
    Then these commands are answered:
      | command                                     | status | data      |
      | 00A4040C 0A D392F000260100000001            | 9000   |           |
      | 00A4040C 0A D392F000260100000001            | 9000   |           |
      | 00A4020C 02 0018                            | 9000   |           |
      | 00200080                                    | 63C3   |           |
      | 00A4020C 02 001B                            | 9000   |           |
      | 00200080                                    | 63C5   |           |
      | 00A4020C 02 000A                            | 9000   |           |
      | 00B00000 04                                 | 9000   | 3082 ..   |
      | 00B00000 00                                 | 9000   | 256 bytes |
      | 00B00100 00                                 | 9000   | 256 bytes |
      | 00A4020C 02 0001                            | 9000   |           |
      | 00B00000 04                                 | 6982   |           |
      | 00A4020C 02 0018                            | 9000   |           |
      | 00200080 04 31323334                        | 9000   |           |
      | 00A4020C 02 0017                            | 9000   |           |
      | 802A0080 33 3031300D060960864801650304020105000420 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F 00 | 9000 | 256 bytes |
      | 00A4040C 0A D392F000260100000001            | 9000   |           |
    # myna: token, PIN states, whole files by their BER length
    And these commands are answered:
      | command                                     | status | data             |
      | 00A4040C 0A D392F000260100000001            | 9000   |                  |
      | 00A4020C 02 0006                            | 9000   |                  |
      | 00B00000 20                                 | 9000   | 4A504B494150 ..  |
      | 00A4020C 02 000B                            | 9000   |                  |
      | 00B00000 07                                 | 9000   | 3082 ..          |
      | 00B00007 00                                 | 9000   | 256 bytes        |
      | 00A4040C 0A D3921000310001010408            | 9000   |                  |
      | 00A4020C 02 0011                            | 9000   |                  |
      | 00200080                                    | 63C3   |                  |
      | 00A4020C 02 0014                            | 9000   |                  |
      | 00200080                                    | 63CA   |                  |
      | 00A4020C 02 0015                            | 9000   |                  |
      | 00200080                                    | 63CA   |                  |
      | 00A4020C 02 0011                            | 9000   |                  |
      | 00200080 04 31323334                        | 9000   |                  |
      | 00A4020C 02 0002                            | 9000   |                  |
      | 00B00000 07                                 | 9000   | FF20 ..          |
      | 00A4020C 02 0005                            | 9000   |                  |
      | 00B00000 00                                 | 9000   | 256 bytes        |
    # jsapdu and card.py: short identifiers, extended Le, the key without a PIN
    And these commands are answered:
      | command                                     | status | data      |
      | 00A40400 0A D392F000260100000001 00         | 9000   | 6F ..     |
      | 00200098 04 31323334                        | 9000   |           |
      | 802A0097 04 30313233 00                     | 9000   | 256 bytes |
      | 00B08A00 04                                 | 9000   | 3082 ..   |
      | 00B08A00 000000                             | 9000   | 3082 ..   |
      | 00B08A04 000100                             | 9000   | 256 bytes |
      | 80A200C1                                    | 6700   |           |
      | 00A4040C 0A D3921000310001010408            | 9000   |           |
      | 00200091 04 31323334                        | 9000   |           |
      | 00B08201 02                                 | 9000   | 20 ..     |
      | 802A0000 20 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F 00 | 9000 | 256 bytes |
      | 802A0500 20 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F 00 | 9000 | 256 bytes |
    # Android apps: tries first, certificate in one extended answer
    And these commands are answered:
      | command                                     | status | data      |
      | 00A4040C 0A D392F000260100000001            | 9000   |           |
      | 00A4020C 02 0018                            | 9000   |           |
      | 00200080                                    | 63C3   |           |
      | 00200080 04 31323334                        | 9000   |           |
      | 00A4020C 02 000A                            | 9000   |           |
      | 00B00000 04                                 | 9000   | 3082 ..   |
      | 00B00000 000600                             | 9000   | 1536 bytes |
      | 00A4020C 02 0017                            | 9000   |           |
      | 802A0080 23 3021300906052B0E03021A05000414 000102030405060708090A0B0C0D0E0F10111213 00 | 9000 | 256 bytes |
