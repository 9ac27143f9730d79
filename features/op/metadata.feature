Feature: What the provider says of itself

  # clause: OpenID Connect Discovery 1.0 §3, §4.2
  @OP-01 @must
  Scenario: The metadata names the issuer and its endpoints
    When the provider's metadata is fetched
    Then the header "Content-Type" contains "application/json"
    And the JSON member "issuer" is "{issuer}"
    And the metadata names every endpoint below the issuer
    And the JSON member "subject_types_supported" lists exactly "pairwise"
    And the JSON member "response_types_supported" is there
    And the JSON member "id_token_signing_alg_values_supported" is there

  # clause: OpenID Connect Discovery 1.0 §3; RFC 8414 §2
  @OP-02 @must
  Scenario: The metadata advertises what works, and nothing else
    When the provider's metadata is fetched
    Then the JSON member "response_types_supported" lists exactly "code"
    And the JSON member "code_challenge_methods_supported" lists exactly "S256"
    And the JSON member "token_endpoint_auth_methods_supported" lists exactly "private_key_jwt"
    And the JSON member "token_endpoint_auth_signing_alg_values_supported" lists exactly "ES256 RS256"
    And the JSON member "id_token_signing_alg_values_supported" lists exactly "ES256"
    And the JSON member "scopes_supported" lists exactly "openid name address birthdate gender"
    And there is no JSON member "end_session_endpoint"
    And there is no JSON member "revocation_endpoint"

  # clause: RFC 7517 §4
  @OP-03 @must
  Scenario: Every key of the key set has a name, and none is private
    When the key set is fetched
    Then every key has a name of its own, an algorithm and no private part

  # clause: Pebble's idea of a test server that is loud about it
  # part: that production host names are refused; for certificates see PK-04
  @OP-43 @must
  Scenario: Whoever sees a page of the provider sees that it is a test
    Given an authorization request
    Then the provider shows its login page
    And the page contains "テスト環境"
    When the request "GET" is sent to "{issuer}/protocol/openid-connect/auth?client_id=none" with these headers:
      | Accept-Language | en |
    Then the HTTP status is 400
    And the page contains "TEST"
    When the request "GET" is sent to "{issuer}/protocol/openid-connect/auth?client_id=none" with these headers:
      | Accept-Language | ja |
    Then the page contains "テスト環境"
