Feature: What the tokens say

  # clause: OpenID Connect Core 1.0 §2, §3.1.3.6; FIDELITY I14
  @OP-25 @must
  Scenario: The ID token is signed, and answers to this login
    Given an authorization request
    And "hanako" authorizes the request
    When the code is redeemed
    Then the ID token is signed with ES256 by a key of the key set
    And the ID token answers to this login
    And the ID token's at_hash belongs to the access token

  # clause: OpenID Connect Core 1.0 §2, §8.1
  @OP-26 @must
  Scenario: The subject is one person's at one client, and another for another person or client
    Given an authorization request
    And "hanako" authorizes the request
    And the code is redeemed
    And the ID token's subject is at most 255 ASCII characters
    And the subject is kept as "first"
    When an authorization request
    And "hanako" authorizes the request
    And the code is redeemed
    And the subject is kept as "again"
    And an authorization request
    And "taro" authorizes the request
    And the code is redeemed
    And the subject is kept as "other"
    And an authorization request of another client
    And "hanako" authorizes the request
    And the code is redeemed
    And the subject is kept as "elsewhere"
    Then the subjects "first" and "again" are the same
    And the subjects "first" and "other" differ
    And the subjects "first" and "elsewhere" differ

  # clause: OpenID Connect Core 1.0 §5.3.2, §5.4; FIDELITY I17
  @OP-30 @must
  Scenario: UserInfo is about the same person, and says what was granted
    Given an authorization request
    And its parameter "scope" is "openid name birthdate"
    And "hanako" authorizes the request
    And the code is redeemed
    When userinfo is fetched
    Then the HTTP status is 200
    And the userinfo is about the ID token's subject
    And the JSON members are exactly "sub name birthdate"
    And the JSON member "name" is "試験　花子"
    And the JSON member "birthdate" is "19900401"

  # clause: RFC 6750 §2.1–§2.3; OpenID Connect Core 1.0 §5.3.1
  @OP-31 @must
  Scenario: The access token goes in the header, by GET or POST, and not in the address
    Given an authorization request
    And "hanako" authorizes the request
    And the code is redeemed
    When userinfo is fetched
    Then the HTTP status is 200
    When userinfo is fetched by POST
    Then the HTTP status is 200
    When userinfo is fetched with the access token in the address
    Then the HTTP status is 401

  # clause: RFC 6750 §3, §3.1; FIDELITY I13, I20
  @OP-32 @must @lane-issuer
  Scenario: UserInfo with no token, a foreign or an old one answers 401, and says how to come
    When userinfo is fetched with the access token ""
    Then the HTTP status is 401
    And the header "WWW-Authenticate" contains "Bearer"
    When userinfo is fetched with the access token "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"
    Then the HTTP status is 401
    And the header "WWW-Authenticate" contains "Bearer"
    Given an authorization request
    And "hanako" authorizes the request
    And the code is redeemed
    When userinfo is fetched
    Then the HTTP status is 200
    When 6m pass on the bench's clock
    And userinfo is fetched
    Then the HTTP status is 401
    And the header "WWW-Authenticate" contains "Bearer"
