Feature: The card's answer to the provider's challenge

  # clause: ISO/IEC 9798-3 as a pattern; FIDELITY L9
  # part: a proof made for another challenge, and a challenge used by fifty at once: the provider's own tests do that
  @PK-21 @must @needs-emulator
  Scenario: A proof is good once: handed over again, it is refused
    Given "hanako" presses the login button
    And the phone opens the login
    And the phone reads the card
    And the phone consents
    And the browser goes back to the relying party
    And the relying party shows a session
    Then handing over the proof again is refused

  # clause: FIDELITY L9
  @PH-21 @must @needs-emulator
  Scenario Outline: With <fault> nobody gets in
    Given a control login of "hanako" succeeds
    When "hanako" tries to log in while the fault "<fault>" is on
    Then the relying party refuses with "access-denied"
    And a control login of "hanako" succeeds

    Examples:
      | fault                    |
      | card.wrong-signature     |
      | card.swapped-certificate |

  # clause: RFC 5280 §6.3; FIDELITY I9, L10
  # part: a card that has expired; what the app tells the person
  @PH-22 @must @lane-issuer
  Scenario: A revoked card gets nobody in, and no attribute leaves
    Given a control login of "taro" succeeds
    When the auth certificate of "taro" is revoked with reason 6
    And "taro" tries to log in
    Then the relying party refuses with "access-denied"
    When the auth certificate of "taro" is good again
    Then a control login of "taro" succeeds

  # clause: FIDELITY P5, I9
  # part: what the app tells the person
  @PH-15 @must
  Scenario: Before a blocked PIN the phone gives up, and the relying party is told
    Given a control login of "hanako" succeeds
    And "hanako" presses the login button
    And the phone opens the login
    When the PIN is blocked on the card
    Then the phone sends no PIN to the blocked card
    When the phone gives up because of "pin-blocked"
    And the browser goes back to the relying party
    Then the relying party refuses with "access-denied"
    And a control login of "taro" succeeds
