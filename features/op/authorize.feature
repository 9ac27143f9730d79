Feature: The authorization endpoint

  The service's own table makes state, nonce and PKCE mandatory.

  # clause: OpenID Connect Core 1.0 §3.1.2.5; FIDELITY I1, I23
  @OP-04 @must
  Scenario: A code comes back with the state, whatever characters it has
    Given an authorization request
    And its parameter "state" has every printable character
    When "hanako" authorizes the request
    Then the state comes back unchanged

  # clause: RFC 6749 §4.1.2.1
  @OP-05 @must
  Scenario Outline: Without a trusted redirect URI there is a page, and no redirect: <what>
    Given an authorization request
    And its parameter "<parameter>" is "<value>"
    When the authorization request is sent
    Then the provider shows an error page and does not redirect

    Examples:
      | what             | parameter    | value                     |
      | unknown client   | client_id    | RP99999999                |
      | foreign redirect | redirect_uri | https://elsewhere.test/cb |

  # clause: RFC 9700 §2.1, §4.1
  @OP-06 @must
  Scenario Outline: A redirect URI with <change> is another one
    Given an authorization request
    And in its redirect URI "<old>" is replaced by "<new>"
    When the authorization request is sent
    Then the provider shows an error page and does not redirect

    Examples:
      | change             | old       | new                |
      | a query            | /callback | /callback?a=b      |
      | a fragment         | /callback | /callback#fragment |
      | a slash            | /callback | /callback/         |
      | a way round        | /callback | /x/../callback     |
      | a longer path      | /callback | /callbackX         |
      | a shorter path     | /callback | /call              |
      | a capital          | /callback | /Callback          |
      | another port       | :         | :1                 |
      | another scheme     | http:     | https:             |

  # clause: RFC 6749 §4.1.2.1; OpenID Connect Core 1.0 §3.1.2.6
  @OP-07 @must
  Scenario Outline: response_type <value> is refused, with the state
    Given an authorization request
    And its parameter "response_type" is "<value>"
    When the authorization request is sent
    Then the provider redirects back with the error "<error>"

    Examples:
      | value          | error                     |
      |                | invalid_request           |
      | token          | unsupported_response_type |
      | id_token       | unsupported_response_type |
      | code id_token  | unsupported_response_type |

  # clause: RFC 6749 §4.1.2.1; FIDELITY I25
  @OP-08 @must
  Scenario Outline: The scope "<scope>" is invalid
    Given an authorization request
    And its parameter "scope" is "<scope>"
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_scope"

    Examples:
      | scope         |
      | name          |
      | openid e-mail |
      | OPENID        |

  # clause: FIDELITY I1, I5
  @OP-09 @must
  Scenario: A state is required, printable, and has at most 255 characters
    Given an authorization request
    And its parameter "state" is missing
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"
    Given an authorization request
    And its parameter "state" has 256 characters
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"
    Given an authorization request
    And its parameter "state" has a control character
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"

  # clause: FIDELITY I1, I5
  @OP-10 @must
  Scenario: A nonce is required, printable, and has at most 255 characters
    Given an authorization request
    And its parameter "nonce" is missing
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"
    Given an authorization request
    And its parameter "nonce" has 256 characters
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"
    Given an authorization request
    And its parameter "nonce" has a control character
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"

  # clause: RFC 7636 §4.4.1; FIDELITY I1
  @OP-11 @must
  Scenario Outline: PKCE is required, with S256: <what> is refused
    Given an authorization request
    And its parameter "<parameter>" is "<value>"
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"

    Examples:
      | what           | parameter             | value                                        |
      | no challenge   | code_challenge        |                                              |
      | no method      | code_challenge_method |                                              |
      | plain          | code_challenge_method | plain                                        |
      | padding        | code_challenge        | E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM= |
      | 9 characters   | code_challenge        | too-short                                    |
      | 129 characters | code_challenge        | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa |

  # clause: RFC 6749 §3.1; FIDELITY I26
  @OP-12 @must
  Scenario Outline: <parameter> twice is refused
    Given an authorization request
    And its parameter "<parameter>" is sent twice
    When the authorization request is sent
    Then the provider redirects back with the error "invalid_request"

    Examples:
      | parameter     |
      | scope         |
      | nonce         |
      | response_type |

  # clause: RFC 6749 §3.1; OpenID Connect Core 1.0 §3.1.2.1; FIDELITY I26
  @OP-13 @must
  Scenario: A parameter that nobody knows is ignored
    Given an authorization request
    And its parameter "kazasu_unknown" is "1"
    Then the provider shows its login page

  # clause: OpenID Connect Core 1.0 §3.1.2.1
  @OP-14 @should
  Scenario: The authorization request may be posted
    Given an authorization request
    When the authorization request is posted
    Then the HTTP status is 303
    Given an authorization request
    And its parameter "scope" is "name"
    When the authorization request is posted
    Then the provider redirects back with the error "invalid_scope"

  # clause: RFC 9700 §2.1.2, §2.4; FIDELITY I24
  @OP-36 @must
  Scenario: Implicit, hybrid and password grants are refused
    Given an authorization request
    And its parameter "response_type" is "token id_token"
    When the authorization request is sent
    Then the provider redirects back with the error "unsupported_response_type"
    When this form is posted to "{issuer}/protocol/openid-connect/token":
      | grant_type | password |
      | username   | hanako   |
      | password   | secret   |
    Then the token endpoint refuses with "unsupported_grant_type"
