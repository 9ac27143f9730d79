Feature: Reading files

  Background:
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected

  # clause: ISO/IEC 7816-4 §7.2.3; FIDELITY C20
  @CA-12 @must
  Scenario: Inside a file the exact bytes come
    Then these commands are answered:
      | command          | status | data                             |
      | 00A4020C 02 0006 | 9000   |                                  |
      | 00B00000 0F      | 9000   | 4A504B49415049434354 4F4B454E32  |
      | 00B00004 02      | 9000   | 4150                             |
      | 00B00060 04      | 9000   | 0000040D                         |

  # clause: JICSAP 1.1 §6.4.1(4); FIDELITY C13
  @CA-13 @behaviour
  Scenario: Across the end of a file come the bytes that remain
    Then these commands are answered:
      | command          | status | data   |
      | 00A4020C 02 0008 | 9000   |        |
      | 00B00000 10      | 9000   | 8F8F00 |
      | 00B00001 10      | 9000   | 8F00   |
      | 00B00002 00      | 9000   | 00     |

  # clause: ISO/IEC 7816-4 §7.2.3; FIDELITY C13
  @CA-14 @must
  Scenario: At and behind the end there is nothing
    Then these commands are answered:
      | command          | status |
      | 00A4020C 02 0008 | 9000   |
      | 00B00003 01      | 6B00   |
      | 00B00003 00      | 6B00   |
      | 00B07FFF 00      | 6B00   |

  # clause: ISO/IEC 7816-4 §7.2.3, §5.3.1; FIDELITY C13
  @CA-15 @must
  Scenario: A short identifier reads a file and makes it the current one
    Then these commands are answered:
      | command     | status | data     |
      | 00B08600 04 | 9000   | 4A504B49 |
      | 00B00004 02 | 9000   | 4150     |
      | 00B08800 03 | 9000   | 8F8F00   |
      | 00B00001 01 | 9000   | 8F       |
      | 00B09D00 03 | 6A82   |          |

  # clause: ISO/IEC 7816-4 §5.1; FIDELITY C14
  @CA-16 @should
  Scenario: Extended Le brings a whole file in one answer
    Then these commands are answered:
      | command          | status | data       |
      | 00A4020C 02 000A | 9000   |            |
      | 00B00000 000100  | 9000   | 256 bytes  |
      | 00B00000 000400  | 9000   | 1024 bytes |
      | 00B00000 001000  | 9000   | 3082 ..    |
      | 00B00000 000000  | 9000   | 3082 ..    |
    And the answer ends with FF FF

  # clause: FIDELITY C15, C17, C32
  @CA-17 @must
  Scenario: The sign certificate comes after its password only
    Then these commands are answered:
      | command          | status |
      | 00A4020C 02 0001 | 9000   |
      | 00B00000 04      | 6982   |
    When the file 00 1B is selected
    And the PIN "ABC123" is verified
    And the file 00 01 is read
    Then the file starts with 30 82
    And the file is one DER object followed by FF

  # clause: FIDELITY C32, K1
  @CA-19 @must
  Scenario: Both CA certificates are there, the leaves are theirs, and the key is the leaf's
    When the CA certificate in the file 00 02 is looked at
    Then it is signed by itself
    When the file 00 1B is selected
    And the PIN "ABC123" is verified
    And the certificate in the file 00 01 is looked at
    Then it is signed by the CA
    When the CA certificate in the file 00 0B is looked at
    Then it is signed by itself
    When the certificate in the file 00 0A is looked at
    Then it is signed by the CA
    When the file 00 18 is selected
    And the PIN "1234" is verified
    And the file 00 17 is selected
    Then it belongs to the key that signs "kazasu"

  # clause: FIDELITY C20
  # part: the labels of phones
  @CA-20 @must
  Scenario: Token information is 160 bytes and tells that this is a card
    When the file 00 06 is read
    Then the file holds 160 bytes
    And the file holds 4A 50 4B 49 41 50 49 43 43 54 4F 4B 45 4E 32 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 20 at 0
    And the file holds 00 00 04 0D at 96
    And the file holds 00 00 00 10 00 00 00 06 at 116
    And the file holds 39 39 39 39 39 39 39 39 39 39 39 39 39 39 39 39 at 144

  # clause: ISO/IEC 7816-4 §7.2.1; FIDELITY C17
  @CA-22 @must
  Scenario Outline: A <what> is not for reading
    When the file <file> is selected
    And the terminal sends 00 B0 00 00 00
    Then the status word is 6981

    Examples:
      | what          | file  |
      | private key   | 00 17 |
      | PIN           | 00 18 |
      | sign key      | 00 1A |
      | sign password | 00 1B |
      | internal file | 00 1E |

  # clause: ISO/IEC 7816-4 §7.3.3; FIDELITY C36
  @CA-23 @must @needs-emulator
  Scenario: Records are read by number, one or all, and nothing else has records
    Then these commands are answered:
      | command                          | status | data            |
      | 00B20154 00                      | 6981   |                 |
      | 00A4020C 02 0008                 | 9000   |                 |
      | 00B20104 00                      | 6981   |                 |
      | 00A4040C 0A D3921000310001010100 | 9000   |                 |
      | 00B20104 00                      | 6986   |                 |
      | 00B2010C 00                      | 9000   | 30 bytes        |
      | 00B2010C 00                      | 9000   | 011C34 ..       |
      | 00B20104 00                      | 9000   | 30 bytes        |
      | 00B20105 00                      | 9000   | 30 bytes        |
      | 00B20204 00                      | 6A83   |                 |
      | 00B20205 00                      | 6A83   |                 |
      | 00A4020C 02 0002                 | 9000   |                 |
      | 00B20104 00                      | 9000   | 0110 ..         |
      | 00B20204 00                      | 6A83   |                 |
      | 00B00000 00                      | 6981   |                 |
    When the file 00 01 is selected
    And the terminal sends 00 B2 01 04 00
    Then the answer ends with 31 33 31 31 33 32 30 33 35 30 34 30 31
