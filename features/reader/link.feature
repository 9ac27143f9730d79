Feature: The link between a card and a reader's driver

  # clause: FIDELITY R1, R2
  # part: frames that come byte by byte, or joined: the link's own tests do that
  @RD-41 @performance @lane-issuer
  Scenario: Long bodies pass whole, and short commands pass fast
    Given the card of "hanako" is behind a link
    Then an answer of 2048 bytes comes through whole
    And a command of 60000 bytes goes through whole
    And at least 5000 commands a second go through

  # clause: FIDELITY R1, R5
  # part: a driver that restarts, and a port that is taken: the link's own tests do that
  @RD-43 @must @lane-issuer
  Scenario: A link that was cut comes back by itself
    Given the card of "hanako" is behind a link
    When the fault "link.cut" is on
    Then the link answers no more
    When everybody is honest again
    Then the card answers again within 5s
