Feature: The relying party does it right

  # clause: OpenID Connect Core 1.0 §3.1
  @RP-01 @must
  Scenario: A full login ends in a session of ours
    When "hanako" logs in at the relying party
    Then the relying party shows a session
    And the session has "name" as "試験　花子"
    And the session has "birthdate" as "19900401"
    And the session has "gender" as "2"

  # clause: RFC 6749 §3.1; FIDELITY I24
  @RP-02 @must
  Scenario: response_type is code, once
    When "hanako" presses the login button
    Then the authorization request's "response_type" is "code"

  # clause: OpenID Connect Core 1.0 §3.1.2.1; FIDELITY I25
  @RP-03 @must
  Scenario: The scope is openid and attributes of the service
    When "hanako" presses the login button
    Then the authorization request's "scope" is "openid name address birthdate gender"

  # clause: RFC 6749 §3.1; FIDELITY I1
  @RP-04 @must
  Scenario: Every parameter keeps the service's own table
    When "hanako" presses the login button
    Then the authorization request keeps the official table

  # clause: RFC 9700 §2.1, §4.7
  @RP-05 @must
  Scenario: state is new each time, and long enough for 128 bits
    Then over 20 logins the "state" never repeats and has at least 22 characters

  # clause: OpenID Connect Core 1.0 §3.1.2.1, §15.5.2
  @RP-06 @must
  Scenario: nonce is new each time, long enough, and not the state
    Then over 20 logins the "nonce" never repeats and has at least 22 characters
    And the "state" and the "nonce" differ

  # clause: RFC 7636 §4.2–§4.3; FIDELITY I1
  @RP-07 @must
  Scenario: code_challenge is new each time, with S256
    Then over 20 logins the "code_challenge" never repeats and has at least 43 characters
    And the authorization request's "code_challenge_method" is "S256"

  # clause: RFC 7636 §4.1, §4.5
  @RP-08 @must
  Scenario: The code verifier is well formed and belongs to the challenge
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the code verifier is well formed and hashes to the challenge

  # clause: RFC 6749 §4.1.3
  @RP-09 @must
  Scenario: The redirect URI of the token request is the one authorized
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the token request's redirect URI is the one authorized

  # clause: RFC 6749 §3.2; OpenID Connect Core 1.0 §9
  @RP-10 @must
  Scenario: The token request is a POST without a secret
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the token request is a POST with nothing secret in its address

  # clause: RFC 7523 §3; OpenID Connect Core 1.0 §9
  @RP-11 @must
  Scenario: The assertion says who it is from and for whom
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the client assertion names the client twice and an accepted audience

  # clause: RFC 7523 §3; RFC 7519 §4.1.4
  @RP-12 @must
  Scenario: The assertion lives for a minute at most
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the client assertion expires within 60 seconds

  # clause: OpenID Connect Core 1.0 §9; RFC 7519 §4.1.7
  @RP-13 @must
  Scenario: The assertion's jti never repeats
    Given the relying party's calls to the provider are watched
    Then over 20 logins of "hanako" the assertion's "jti" never repeats

  # clause: RFC 7515 §4.1.4; RFC 8725 §3.1
  @RP-14 @must
  Scenario: The assertion is signed as registered
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the client assertion's header has the registered algorithm and key

  # clause: RFC 7523 §2.2, §3
  @RP-15 @should
  Scenario: The assertion's type is exact, and it says when it was made
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the token request's "client_assertion_type" is "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    And the client assertion's "iat" is there

  # clause: RFC 6749 §4.1.2; FIDELITY I8
  @RP-16 @must
  Scenario: A callback with session_state and an unknown parameter is accepted
    Given "hanako" logs in up to the callback
    And the callback's "session_state" is "5f2f7d62"
    And the callback's "kazasu_unknown" is "1"
    When the callback is opened
    Then the relying party shows a session

  # clause: OpenID Connect Core 1.0 §3.1.2.5
  @RP-17 @must
  Scenario: A callback without session_state is accepted
    Given "hanako" logs in up to the callback
    And the callback's "session_state" is removed
    When the callback is opened
    Then the relying party shows a session

  # clause: RFC 9207 §2.4
  @RP-18 @should
  Scenario: A callback with the right iss is accepted
    Given "hanako" logs in up to the callback
    And the callback's "iss" is "{issuer}"
    When the callback is opened
    Then the relying party shows a session

  # clause: RFC 6750 §2.1, §2.3
  @RP-26 @must
  Scenario: The access token goes in the header
    Given the relying party's calls to the provider are watched
    When "hanako" logs in at the relying party
    Then the access token went in the header, not in the address

  # clause: OpenID Connect Core 1.0 §5.4; FIDELITY I17, I25
  # part: five of the sixteen subsets
  @RP-27 @must
  Scenario Outline: For "<scope>" just that is used
    When "hanako" logs in at the relying party for "<scope>"
    Then the relying party shows a session
    And the relying party learns "<claims>" and nothing else

    Examples:
      | scope                                | claims                        |
      | openid                               |                               |
      | openid name                          | name                          |
      | openid address                       | address                       |
      | openid birthdate gender              | birthdate gender              |
      | openid name address birthdate gender | name address birthdate gender |

  # clause: RFC 8259 §8.1; FIDELITY I19
  # part: variation selectors, and names of one word or in Latin letters: no holder has one
  @RP-28 @must
  Scenario: Names and addresses outside the basic plane, and long ones, arrive unchanged
    When "yoshiko" logs in at the relying party
    Then the session has "name" as "例示　𠮷子"
    And the session has "address" as "北海道札幌市南区架空𠮷町９７条９８丁目９９番"
    When "choju" logs in at the relying party
    Then the relying party's page contains "郵便受九九九番"

  # clause: OpenID Connect Core 1.0 §3.1.2.6; RFC 6749 §4.1.2.1
  @RP-30 @must
  Scenario: Cancelling is friendly, and the next login works
    Given "hanako" presses the login button
    And the phone opens the login
    When the phone cancels
    And the browser goes back to the relying party
    Then the relying party refuses with "access-denied"
    When "hanako" logs in at the relying party
    Then the relying party shows a session
