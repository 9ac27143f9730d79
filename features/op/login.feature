Feature: The login page and the app

  # clause: RFC 9700 §4.16
  # part: where the browser goes after cancelling: see OP-40
  @OP-38 @must
  Scenario: Login page and error page can't be framed
    Given an authorization request
    Then the provider shows its login page
    And the header "Content-Security-Policy" contains "frame-ancestors 'none'"
    And the header "Cache-Control" contains "no-store"
    When the page "{issuer}/protocol/openid-connect/auth?client_id=none" is fetched
    Then the header "Content-Security-Policy" contains "frame-ancestors 'none'"
    And the header "Cache-Control" contains "no-store"

  # clause: RFC 9700 §4.12
  @OP-39 @must
  Scenario: The authorization request is answered by 303, which carries no form on
    Given an authorization request
    When the authorization request is posted
    Then the HTTP status is 303
    When the authorization request is sent
    Then the HTTP status is 303

  # clause: OpenID Connect Core 1.0 §3.1.2.6; FIDELITY I9
  # part: wrong PINs, and cards that have expired; for revoked ones see PH-22
  @OP-40 @must
  Scenario Outline: Giving up because of <reason> is told to the relying party
    Given "hanako" presses the login button
    And the phone opens the login
    When the phone gives up because of "<reason>"
    And the browser goes back to the relying party
    Then the relying party refuses with "access-denied"

    Examples:
      | reason        |
      | cancelled     |
      | pin-blocked   |
      | card-unusable |
      | timeout       |

  # clause: OpenID Connect Core 1.0 §3.1.2.4
  @OP-41 @must
  Scenario: Only what was consented to leaves, and the phone names who asks
    Given "hanako" presses the login button
    And the phone opens the login
    And the phone names the relying party "かざす市 手続きサンプル / Kazasu City sample service"
    And the phone is asked for "name address birthdate gender"
    And the phone reads the card
    When the phone consents to "name" only
    And the browser goes back to the relying party
    Then the session has "name" as "試験　花子"
    And the session has no "address"
    And the session has no "birthdate"
    And the session has no "gender"

  # clause: RFC 8628 §5 as an analogy; FIDELITY L1, L3
  # part: QR codes and numbers that expire: the provider's own tests do that
  @OP-42 @must
  Scenario: Across devices the number is tried three times at most
    Given "hanako" presses the login button on a PC
    And the phone opens the login
    When the wrong number is typed on the PC
    And the wrong number is typed on the PC
    And the wrong number is typed on the PC
    Then the login is closed on the phone
    When "hanako" presses the login button on a PC
    And the phone opens the login
    And the number on the phone is typed on the PC
    Then the login can be read on the phone
    When the phone reads the card
    And the phone consents
    And the PC page goes on by itself
    Then the relying party shows a session
