Feature: Choosing applications and files

  JPKI-AP is D392F000260100000001 and 券面事項入力補助AP D3921000310001010408. Between
  them and the power switch nothing is current but the issuer security domain.

  # clause: ISO/IEC 7816-3 §8.2; PC/SC part 3 §3.1.3.2.3; FIDELITY C1
  @CA-01 @must @needs-emulator
  Scenario Outline: The answer to reset decodes, in the contact and in the contactless form
    Given the card of "hanako" with the profile "<profile>" is on the reader
    Then the ATR is well formed and its check byte is right
    And the ATR is <atr>

    Examples:
      | profile     | atr                                                      |
      | standard    | 3B E0 00 FF 81 31 FE 45 14                               |
      | contactless | 3B 88 80 01 00 00 41 E0 B3 81 A1 00 3B                   |
      | contact-da  | 3B DA 13 FF 81 31 FB 46 80 12 39 2F 31 C1 73 C6 01 C0 3B |
      | contact-c5  | 3B C5 FF 81 31 FB 45 80 73 C6 01 00 00                   |

  # clause: ISO/IEC 7816-4 §7.1.1; FIDELITY C3, C4
  @CA-02 @must
  Scenario: The five applications and the issuer's security domain are selected by name, and say nothing
    Given the card of "hanako" is on the reader
    # 公的個人認証AP, 券面事項入力補助AP, 券面事項確認AP, 住基AP, 共通カードAP
    Then these commands are answered:
      | command                          | status | data    |
      | 00A4040C 0A D392F000260100000001 | 9000   | 0 bytes |
      | 00A4040C 0A D3921000310001010408 | 9000   | 0 bytes |
      | 00A4040C 0A D3921000310001010402 | 9000   | 0 bytes |
      | 00A4040C 0A D3921000310001010401 | 9000   | 0 bytes |
      | 00A4040C 0A D3921000310001010100 | 9000   | 0 bytes |
      | 00A4040C 07 A0000001510000       | 9000   | 0 bytes |

  # clause: ISO/IEC 7816-4 §5.3.3; FIDELITY C5
  @CA-03 @should
  Scenario: With P2 00 and Le the answer carries file control information
    Given the card of "hanako" is on the reader
    When the terminal sends 00 A4 04 00 0A D3 92 F0 00 26 01 00 00 00 01 00
    Then the status word is 9000
    And the answer is 6F 0C 84 0A D3 92 F0 00 26 01 00 00 00 01

  # clause: ISO/IEC 7816-4 §7.1.1
  @CA-04 @must
  Scenario: An unknown name is not found, and the application stays
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the terminal sends 00 A4 04 0C 05 A0 00 00 00 99
    Then the status word is 6A82
    And the answer has no data
    And the file 00 06 is selected

  # clause: ISO/IEC 7816-4 §5.3.1; JICSAP 1.1 §4.2
  @CA-05 @behaviour
  Scenario: The beginning of a name selects; a longer name does not
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                              | status |
      | 00A4040C 05 D392F00026               | 9000   |
      | 00A4020C 02 0017                     | 9000   |
      | 00A4040C 0B D392F00026010000000100   | 6A82   |
      | 00A4040C 0B D392100031000101040800   | 6A82   |

  # clause: FIDELITY C4, C26
  @CA-06 @must
  Scenario: Names that other cards' drivers look for are not found
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                                  | status |
      | 00A4040C 07 627601FF000000               | 6A82   |
      | 00A4040C 06 A00000000101                 | 6A82   |
      | 00A40400 0B E82B0601040181C31F0201 00    | 6A82   |
      | 00A4040C 09 A00000030800001000           | 6A82   |
      | 00A4040C 07 A0000000790100               | 6A82   |
      | 00A4040C 0C F276A288BCFBA69D34F31001     | 6A82   |
      | 00A4040C 09 A00000039742544659           | 6A82   |
      | 00CADF30 05                              | 6A88   |

  # clause: FIDELITY C8
  @CA-07 @behaviour
  Scenario: SELECT MF is odd: refused after a reset, without effect inside an application
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                          | status | data |
      | 00A40000                         | 6A86   |      |
      | 00A4000C 02 3F00                 | 6A82   |      |
      | 00A4040C 0A D392F000260100000001 | 9000   |      |
      | 00A40000                         | 9000   |      |
      | 00A4000C 02 3F00                 | 6A82   |      |
      | 00A4020C 02 0006                 | 9000   |      |
      | 00B00000 04                      | 9000   | 4A504B49 |

  # clause: ISO/IEC 7816-4 §7.1.1; FIDELITY C9
  @CA-08 @must
  Scenario: Files are found inside their application only
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                          | status |
      | 00A4020C 02 000A                 | 6A82   |
      | 00A4040C 0A D392F000260100000001 | 9000   |
      | 00A4020C 02 000A                 | 9000   |
      | 00A4020C 02 0017                 | 9000   |
      | 00A4020C 02 7FFF                 | 6A82   |
      | 00A4040C 0A D3921000310001010408 | 9000   |
      | 00A4020C 02 0017                 | 6A82   |

  # clause: ISO/IEC 7816-4 §5.1.1; FIDELITY C12
  @CA-09 @behaviour
  Scenario: Logical channels other than 0 are not supported
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                          | status |
      | 01A4040C 0A D392F000260100000001 | 6881   |
      | 02A4040C 0A D392F000260100000001 | 6881   |
      | 03B00000 00                      | 6881   |

  # clause: FIDELITY C12, C28
  @CA-10 @behaviour
  Scenario: Secure messaging without a session is refused
    Given the card of "hanako" is on the reader
    And the application D3 92 10 00 31 00 01 01 04 08 is selected
    Then these commands are answered:
      | command                          | status |
      | 04A4040C 0A D392F000260100000001 | 6882   |
      | 0CA4040C 0A D392F000260100000001 | 6882   |
      | 08B00000 00                      | 69FC   |
      | 0CB00000 00                      | 69FC   |
      | 0C200080                         | 69FC   |

  # clause: ISO/IEC 7816-4 §5.1.1–§5.1.3
  @CA-11 @must
  Scenario: Every class and instruction is answered, and none costs anything
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the terminal tries every class and instruction but "20 24 84 88 A4 B0 B2 CA"
    Then the PIN file 00 18 has 3 tries left
    And the PIN file 00 1B has 5 tries left

  # clause: ISO/IEC 7816-4 §7.4.2; FIDELITY C26
  @CA-41 @behaviour @needs-emulator
  Scenario: The card's own data objects are found outside applications, the long ones with a long Le
    Given the card of "hanako" is on the reader
    Then these commands are answered:
      | command                          | status | data                             |
      | 00CA0042 00                      | 9000   | 16 bytes                         |
      | 00CA0045 00                      | 9000   | 15 bytes                         |
      | 00CA0066 00                      | 9000   | 732F06072A864886FC6B01 ..        |
      | 00CA00F0 00                      | 9000   | 3133313133                       |
      | 00CA00F2 00                      | 9000   | 3230333530343031                 |
      | 00CA00F2 04                      | 6700   |                                  |
      | 00CA00F7 00                      | 9000   | 36303030303231 0805303031000000A8 |
      | 00CA00F8 00                      | 6700   |                                  |
      | 00CA00F8 000000                  | 9000   | 5F4E820129 36303030303230 ..     |
      | 00CA7F21 00                      | 6700   |                                  |
      | 00CA7F21 000232                  | 6700   |                                  |
      | 00CA7F21 000233                  | 9000   | 563 bytes                        |
      | 00CA5F51 00                      | 9000   | E000FF8131FE4514                 |
      | 00CADF30 05                      | 6A88   |                                  |
      | 00CA0200 00                      | 6A88   |                                  |
      | 00A4040C 0A D392F000260100000001 | 9000   |                                  |
      | 00CA00F0 00                      | 6A88   |                                  |
      | 00CA7F21 000000                  | 6A88   |                                  |
      | 00CA5F51 00                      | 9000   | E000FF8131FE4514                 |
      | 00A4040C 07 A0000001510000       | 9000   |                                  |
      | 00CA00F0 00                      | 9000   | 3133313133                       |
    And the card's CV certificates lead from the root called "card" to a second one
    Given the card of "hanako" with the profile "older" is on the reader
    Then these commands are answered:
      | command         | status | data      |
      | 00CA00F8 000000 | 9000   | 563 bytes |
      | 00CA7F21 000000 | 6A88   |           |
