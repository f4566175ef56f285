"""The ledger's arithmetic, without Redis."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mailer.delivery.ledger import ExclusionReason, LedgerCounts, Standing, Words

PLACES = st.integers(0, 40)


def test_a_new_audience_is_all_pending() -> None:
    words = Words(audience=0b1011)

    assert words.pending == 0b1011
    assert words.standing(0) is Standing.PENDING
    assert words.standing(2) is None


def test_claimed_people_who_are_not_settled_are_orphaned() -> None:
    words = Words(audience=0b111)

    words.claim(0b011)
    words.accept(0b001)

    assert words.orphaned == 0b010


def test_a_deferred_person_is_still_pending_and_no_longer_claimed() -> None:
    words = Words(audience=0b1)

    words.claim(0b1)
    words.defer(0b1)

    assert words.standing(0) is Standing.DEFERRED
    assert words.orphaned == 0
    assert LedgerCounts.of([words]).pending == LedgerCounts.of([words]).deferred == 1


def test_two_terms_with_the_same_person_do_not_balance() -> None:
    assert not Words(audience=0b1, accepted=0b1, refused=0b1).is_balanced


def test_somebody_from_outside_the_audience_does_not_balance() -> None:
    assert not Words(audience=0b1, accepted=0b10).is_balanced


def test_an_exclusion_without_a_reason_does_not_balance() -> None:
    assert not Words(audience=0b1, excluded=0b1).is_balanced


def test_counts_name_the_reasons_that_occur() -> None:
    words = Words(audience=0b1111)

    words.exclude(0b0011, ExclusionReason.LEFT)
    words.accept(0b0100)

    counts = LedgerCounts.of([words, Words(audience=0b1)])
    assert (counts.audience, counts.accepted, counts.excluded, counts.pending) == (5, 1, 2, 2)
    assert counts.excluded_by == {"left": 2}
    assert counts.balanced


class AnyOrderOfEvents(RuleBasedStateMachine):
    """Whatever happens to pending people, in any order, the ledger balances and nobody is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.words = Words(audience=2**41 - 1)

    def pending(self, place: int) -> int:
        return self.words.pending & 1 << place

    @rule(place=PLACES)
    def claim(self, place: int) -> None:
        self.words.claim(self.pending(place))

    @rule(place=PLACES)
    def give_back(self, place: int) -> None:
        self.words.give_back(self.pending(place))

    @rule(place=PLACES)
    def accept(self, place: int) -> None:
        self.words.accept(self.pending(place))

    @rule(place=PLACES)
    def refuse(self, place: int) -> None:
        self.words.refuse(self.pending(place))

    @rule(place=PLACES)
    def defer(self, place: int) -> None:
        self.words.defer(self.pending(place))

    @rule(place=PLACES)
    def hold(self, place: int) -> None:
        self.words.hold(self.pending(place))

    @rule(place=PLACES, reason=st.sampled_from(ExclusionReason))
    def exclude(self, place: int, reason: ExclusionReason) -> None:
        self.words.exclude(self.pending(place), reason)

    @invariant()
    def it_balances(self) -> None:
        counts = LedgerCounts.of([self.words])
        assert counts.balanced
        assert counts.audience == 41
        assert counts.deferred <= counts.pending


TestAnyOrderOfEvents = AnyOrderOfEvents.TestCase


@given(st.integers(0, 2**64), st.integers(0, 2**64), st.integers(0, 2**64))
def test_balanced_means_that_no_person_is_in_two_terms(audience: int, accepted: int, refused: int) -> None:
    words = Words(audience=audience, accepted=accepted, refused=refused)

    assert words.is_balanced == (not accepted & refused and not (accepted | refused) & ~audience)
