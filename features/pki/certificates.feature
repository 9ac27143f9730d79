Feature: Certificates as the real ones are shaped

  # clause: RFC 5280 §4.1–§4.2; FIDELITY K1, K2, K3
  @PK-01 @must
  Scenario Outline: The <family> CA certificate
    When the <family> CA certificate is fetched
    Then it is signed by itself
    And its key is RSA with 2048 bits and the exponent 65537
    And it is valid for 10 years
    And its validity ends at 23:59:59 in Japan
    And its length is between 1300 and 1360 bytes
    And its issuer in order reads:
      | 2.5.4.6  | PrintableString | JP                                                  |
      | 2.5.4.10 | UTF8String      | JPKI-KAZASU                                         |
      | 2.5.4.11 | UTF8String      | <unit>                                              |
      | 2.5.4.11 | UTF8String      | Japan Agency for Local Authority Information Systems |
    And its extensions in order are:
      | 2.5.29.15 | critical |
      | 2.5.29.17 | not      |
      | 2.5.29.19 | critical |
      | 2.5.29.31 | not      |
      | 2.5.29.14 | not      |
    And its extension 2.5.29.15 is 03 02 01 06
    And its extension 2.5.29.19 is 30 03 01 01 FF
    And its extension 2.5.29.17 contains "公的個人認証サービス<usage>"

    Examples:
      | family | unit                         | usage      |
      | auth   | JPKI for user authentication | 利用者証明用 |
      | sign   | JPKI for digital signature   | 署名用      |

  # clause: RFC 5280 §4.2; FIDELITY K4, K8, K17
  @PK-02 @must
  Scenario: The auth certificate
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the certificate in the file 00 0A is looked at
    Then its key is RSA with 2048 bits and the exponent 65537
    And its validity ends at 23:59:59 in Japan
    And its length is between 1560 and 1640 bytes
    And its extensions in order are:
      | 2.5.29.15         | critical |
      | 2.5.29.37         | not      |
      | 2.5.29.32         | critical |
      | 2.5.29.18         | not      |
      | 2.5.29.31         | not      |
      | 1.3.6.1.5.5.7.1.1 | not      |
      | 2.5.29.35         | not      |
      | 2.5.29.14         | not      |
    And its extension 2.5.29.15 is 03 02 07 80
    And its extension 2.5.29.37 is 30 0A 06 08 2B 06 01 05 05 07 03 02
    And its policy is 1.2.392.200149.8.5.1.0.30
    And its extension 2.5.29.31 contains "CRL Distribution Points"
    And its extension 2.5.29.31 contains "Shibuya-ku CRLDP"
    And its extension 1.3.6.1.5.5.7.1.1 contains ".test"

  # clause: FIDELITY K6
  @PK-03 @must
  Scenario: The sign certificate and its six other names
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 1B is selected
    And the PIN "ABC123" is verified
    When the certificate in the file 00 01 is looked at
    Then its extension 2.5.29.15 is 03 02 06 C0
    And its policy is 1.2.392.200149.8.5.1.0.20
    And its extensions in order are:
      | 2.5.29.15 | critical |
      | 2.5.29.17 | not      |
      | 2.5.29.32 | critical |
      | 2.5.29.18 | not      |
      | 2.5.29.31 | not      |
      | 2.5.29.35 | not      |
      | 2.5.29.14 | not      |
    And its other names in order are:
      | 1.2.392.200149.8.5.5.1 | UTF8String | 試験　花子                            |
      | 1.2.392.200149.8.5.5.4 | UTF8String | 419900401                             |
      | 1.2.392.200149.8.5.5.3 | UTF8String | 2                                     |
      | 1.2.392.200149.8.5.5.5 | UTF8String | 東京都渋谷区架空町９９丁目９９番９９号 |
      | 1.2.392.200149.8.5.5.2 | UTF8String | 00000                                 |
      | 1.2.392.200149.8.5.5.6 | UTF8String | 0000000000000000000                   |

  # clause: FIDELITY K2
  @PK-04 @must
  Scenario: No name and no policy of ours is a real one, and the CA says that it is a test
    Given the card of "hanako" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    When the certificate in the file 00 0A is looked at
    Then none of its names has the organisation "JPKI"
    And its policy is 1.2.392.200149.8.5.1.0.30
    When the auth CA certificate is fetched
    Then none of its names has the organisation "JPKI"
    And none of its names has the organisation "JPKI-TEST"
    And its extension 2.5.29.17 contains "TEST"
    When the sign CA certificate is fetched
    Then none of its names has the organisation "JPKI"
    And none of its names has the organisation "JPKI-TEST"
    And its extension 2.5.29.17 contains "TEST"
