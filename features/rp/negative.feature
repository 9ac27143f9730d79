Feature: The relying party refuses lies

  Each lie stands between two honest logins; if one of those fails, nothing can
  be said.

  Background:
    Given a control login of "hanako" succeeds

  # clause: RFC 6749 §10.12
  @RN-01 @must
  Scenario: A callback without state
    Given "hanako" logs in up to the callback
    When the callback's "state" is removed
    And the callback is opened
    Then the relying party refuses with "state-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 6749 §10.12
  @RN-02 @must
  Scenario: A state altered by one character
    Given "hanako" logs in up to the callback
    When the callback's "state" is altered by one character
    And the callback is opened
    Then the relying party refuses with "state-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 9700 §4.7
  @RN-03 @must
  Scenario: The state of another browser
    Given "hanako" logs in up to the callback
    When the callback is opened in a browser that began another login
    Then the relying party refuses with "state-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 9700 §4.5
  @RN-04 @must
  Scenario: A callback replayed after success
    Given the relying party's calls to the provider are watched
    And "hanako" logs in up to the callback
    When the callback is opened
    Then the relying party shows a session
    And the relying party asked for tokens 1 times
    When the callback is opened
    Then the relying party refuses the replay with "state-mismatch"
    And the relying party asked for tokens 1 times
    When the callback is opened in a browser that never began
    Then the relying party refuses with "state-mismatch"
    And the relying party asked for tokens 1 times
    And a control login of "hanako" succeeds

  # clause: RFC 6749 §10.12
  @RN-05 @must
  Scenario: A callback in a browser that never began
    Given "hanako" logs in up to the callback
    When the callback is opened in a browser that never began
    Then the relying party refuses with "state-mismatch"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §3.1.3.7 (11)
  @RN-07 @must
  Scenario: An ID token with another nonce
    When "hanako" tries to log in while the fault "idp.wrong-nonce" is on
    Then the relying party refuses with "nonce-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 8725 §3.2
  # part: other spellings of none
  @RN-09 @must
  Scenario: An ID token that nobody signed
    When "hanako" tries to log in while the fault "idp.unsigned" is on
    Then the relying party refuses with "id-token-alg"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §3.1.3.7 (6), §10.1
  # part: a signature that is one bit off: the lie is a key that isn't in the key set
  @RN-12 @must
  Scenario: An ID token with a signature of another key
    When "hanako" tries to log in while the fault "idp.foreign-key" is on
    Then the relying party refuses with "id-token-signature"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §3.1.3.7 (2)
  @RN-22 @must
  Scenario: An ID token of another issuer
    When "hanako" tries to log in while the fault "idp.wrong-issuer" is on
    Then the relying party refuses with "id-token-issuer"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §3.1.3.7 (3)
  @RN-27 @must
  Scenario: An ID token for another client
    When "hanako" tries to log in while the fault "idp.wrong-audience" is on
    Then the relying party refuses with "id-token-audience"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §3.1.3.7 (9)
  @RN-31 @must
  Scenario: An ID token that has expired
    When "hanako" tries to log in while the fault "idp.expired" is on
    Then the relying party refuses with "id-token-expired"
    And a control login of "hanako" succeeds

  # clause: OpenID Connect Core 1.0 §5.3.2
  @RN-49 @must
  Scenario: UserInfo about another person
    When "hanako" tries to log in while the fault "idp.userinfo-of-another" is on
    Then the relying party refuses with "userinfo-sub-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 9207 §2.4; RFC 9700 §4.4
  @RN-53 @must
  Scenario: A callback of another issuer
    Given "hanako" logs in up to the callback
    When the callback's "iss" is "https://another-issuer.test"
    And the callback is opened
    Then the relying party refuses with "issuer-mismatch"
    And a control login of "hanako" succeeds

  # clause: RFC 6749 §3.1, §4.1.2.1
  @RN-56 @must
  Scenario: Code and error together, and a code twice
    Given "hanako" logs in up to the callback
    When the callback's "error" is "access_denied"
    And the callback is opened
    Then the relying party refuses with "callback-malformed"
    And a control login of "hanako" succeeds
    Given "hanako" logs in up to the callback
    When the callback's "code" is there twice
    And the callback is opened
    Then the relying party refuses with "callback-malformed"
    And a control login of "hanako" succeeds
