Feature: The token endpoint

  # clause: RFC 7636 §4.6
  @OP-15 @must
  Scenario Outline: A verifier that is <what> gets nothing
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And its parameter "code_verifier" is "<value>"
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"

    Examples:
      | what    | value                                       |
      | another | dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk |
      | missing |                                             |

  # clause: RFC 6749 §4.1.2, §10.5
  @OP-16 @must
  Scenario: A code is good once, and its second use ends what the first got
    Given an authorization request
    And "hanako" authorizes the request
    And the code is redeemed
    And userinfo is fetched
    And the HTTP status is 200
    When a token request with the code
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"
    When userinfo is fetched
    Then the HTTP status is 401

  # clause: RFC 6749 §4.1.2
  @OP-18 @must @lane-issuer
  Scenario: A code gets old
    Given an authorization request
    And "hanako" authorizes the request
    When 2m pass on the bench's clock
    And a token request with the code
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"

  # clause: RFC 6749 §4.1.3, §5.2; FIDELITY I27
  @OP-19 @must
  Scenario: A code is bound to its client and its redirect URI
    Given an authorization request of another client
    And "hanako" authorizes the request
    When a token request with the code
    And its parameter "redirect_uri" is "http://localhost:3000/callback2"
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And another client brings it
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"
    Given an authorization request
    And "hanako" authorizes the request
    When the code is redeemed
    Then the token endpoint gives tokens

  # clause: RFC 9700 §4.5
  @OP-20 @must
  Scenario: Of fifty that redeem one code at once, one succeeds
    Given an authorization request
    And "hanako" authorizes the request
    When the code is redeemed 50 times at once
    Then exactly 1 of them succeeds

  # clause: RFC 7523 §3; OpenID Connect Core 1.0 §9
  @OP-21 @must
  Scenario Outline: An assertion signed with <alg>, as registered, is accepted
    Given an authorization request of the client that signs with <alg>
    And "hanako" authorizes the request
    When a token request with the code
    And the token request is sent
    Then the token endpoint gives tokens

    Examples:
      | alg   |
      | ES256 |
      | RS256 |

  # clause: RFC 7523 §3; OpenID Connect Core 1.0 §9; FIDELITY I11
  # part: an assertion without jti, which rigs with strict assertions alone refuse: the bench's own tests do that; for one that comes again see OP-24
  @OP-22 @must
  Scenario Outline: An assertion is refused: <what>
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And its assertion's claim "<claim>" is "<value>"
    And its assertion is signed by "<signer>"
    And the token request is sent
    Then the token endpoint refuses with "invalid_client"
    And a token request with the code
    When the token request is sent
    Then the token endpoint gives tokens

    Examples:
      | what                 | signer    | claim | value                  |
      | a bit flipped        | broken    | typ   |                        |
      | alg none             | none      | typ   |                        |
      | HS256                | hs256     | typ   |                        |
      | a stranger's key     | stranger  | typ   |                        |
      | another client's key | neighbour | typ   |                        |
      | unknown kid          | client    | kid   | nobody                 |
      | foreign iss          | client    | iss   | RP99999999             |
      | foreign sub          | client    | sub   | RP99999999             |
      | foreign aud          | client    | aud   | https://elsewhere.test |
      | expired              | client    | exp   | -1h                    |
      | no exp               | client    | exp   | missing                |

  # clause: RFC 6749 §2.3
  @OP-23 @must
  Scenario: A client secret is no way in, alone or beside an assertion
    When this form is posted to "{issuer}/protocol/openid-connect/token":
      | grant_type    | authorization_code |
      | code          | x                  |
      | client_id     | RP00000001         |
      | client_secret | secret             |
    Then the token endpoint refuses with "invalid_client"
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And its parameter "client_secret" is "secret"
    And the token request is sent
    Then the token endpoint refuses with "invalid_request"

  # clause: OpenID Connect Core 1.0 §9; RFC 7519 §4.1.7
  @OP-24 @must
  Scenario: An assertion is good once, and its refusal is JSON that nobody may keep
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And the token request is sent
    Then the token endpoint gives tokens
    When the same token request is sent again
    Then the token endpoint refuses with "invalid_client"
    And the header "Content-Type" contains "application/json"
