Feature: Revocation

  # clause: RFC 5280 §5.3.1, §6.3.3
  @PK-23 @must @lane-issuer
  Scenario: The CRL is the CA's, and lists what is revoked, with its reason
    Given the card of "taro" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the auth CA certificate is fetched
    And the certificate in the file 00 0A is looked at
    When the auth CRL is fetched
    Then the CRL is signed by the CA
    And the CRL does not list the certificate
    When the auth certificate of "taro" is revoked with reason 4
    And the auth CRL is fetched
    Then the CRL is signed by the CA
    And the CRL lists the certificate with reason 4

  # clause: RFC 5280 §5.3.1; FIDELITY K13
  # part: reasons 8, 9 and 10, which JPKI has no use for
  @PK-24 @must @lane-issuer
  Scenario Outline: Reason <reason> is shown on both ways
    Given the card of "tsuru" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the auth CA certificate is fetched
    And the certificate in the file 00 0A is looked at
    When the auth certificate of "tsuru" is revoked with reason <reason>
    And the auth CRL is fetched
    Then the CRL lists the certificate with reason <reason>
    When the responder is asked about the certificate
    Then the responder says revoked
    And the responder gives the reason <reason>

    Examples:
      | reason |
      | 0      |
      | 1      |
      | 2      |
      | 3      |
      | 4      |
      | 5      |
      | 6      |

  # clause: RFC 5280 §5.1.2.5, §6.3.3
  @PK-25 @must @lane-issuer
  Scenario: A CRL past its nextUpdate lets nobody in
    When the auth CRL is fetched
    Then the CRL is current
    And a control login of "hanako" succeeds
    When the fault "ca.stale-crl" is on
    And the auth CRL is fetched
    Then the CRL is out of date
    When "hanako" tries to log in
    Then the relying party refuses with "access-denied"
    When everybody is honest again
    Then a control login of "hanako" succeeds

  # clause: RFC 6960 §2.2
  # part: that a verifier takes unknown as not good: the provider's own tests do that
  @PK-33 @must @lane-issuer
  Scenario: The responder says good, revoked or unknown, as it is
    Given the card of "taro" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the auth CA certificate is fetched
    And the certificate in the file 00 0A is looked at
    When the responder is asked about the certificate
    Then the responder says good
    When the auth certificate of "taro" is revoked with reason 1
    And the responder is asked about the certificate
    Then the responder says revoked
    When the responder is asked about a certificate that was never issued
    Then the responder says unknown

  # clause: RFC 6960; FIDELITY L10
  # part: rigs that fall back to the CRL; what the person is told
  @PK-41 @must @lane-issuer
  Scenario: A responder that is down lets nobody in
    Given a control login of "hanako" succeeds
    When the fault "ca.ocsp-down" is on
    And "hanako" tries to log in
    Then the relying party refuses with "access-denied"
    When everybody is honest again
    Then a control login of "hanako" succeeds

  # clause: FIDELITY K16
  # part: that signing is refused: there is no signing yet
  @PK-42 @must @lane-issuer
  Scenario: Who moved house loses the sign certificate and can still log in
    Given a control login of "taro" succeeds
    When the sign certificate of "taro" is revoked with reason 3
    And "taro" logs in at the relying party
    Then the relying party shows a session
    And the session is the same person as before
