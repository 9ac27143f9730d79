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
      | wrong   | dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk |
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

  # clause: RFC 6749 §4.1.3
  @OP-19 @must
  Scenario: A code is bound to its redirect URI
    Given an authorization request
    And "hanako" authorizes the request
    When a token request with the code
    And its redirect URI has "2" added
    And the token request is sent
    Then the token endpoint refuses with "invalid_grant"

  # clause: RFC 9700 §4.5
  @OP-20 @must
  Scenario: Of fifty that redeem one code at once, one succeeds
    Given an authorization request
    And "hanako" authorizes the request
    When the code is redeemed 50 times at once
    Then exactly 1 of them succeeds

  # clause: RFC 7523 §3; OpenID Connect Core 1.0 §9
  @OP-21 @must
  Scenario: An assertion signed as registered is accepted
    Given an authorization request of the client that signs with ES256
    And "hanako" authorizes the request
    When a token request with the code
    And the token request is sent
    Then the token endpoint gives tokens

  # clause: RFC 7523 §3; OpenID Connect Core 1.0 §9
  @OP-22 @must
  Scenario Outline: An assertion is refused when signed by <signer>, <claim> being "<value>"
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
      | signer   | claim | value                  |
      | broken   | typ   |                        |
      | none     | typ   |                        |
      | hs256    | typ   |                        |
      | stranger | typ   |                        |
      | client   | iss   | RP99999999             |
      | client   | sub   | RP99999999             |
      | client   | aud   | https://elsewhere.test |
      | client   | exp   | -1h                    |

  # clause: RFC 6749 §2.3
  @OP-23 @must
  Scenario: A client secret is no way in
    When this form is posted to "{issuer}/protocol/openid-connect/token":
      | grant_type    | authorization_code |
      | code          | x                  |
      | client_id     | RP00000001         |
      | client_secret | secret             |
    Then the token endpoint refuses with "invalid_client"

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
