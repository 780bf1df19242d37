//! The suite finds faults: stores that are broken on purpose, each in one way, fail the cases that
//! are about it.

mod auctions;
mod calls;
mod capacity;
mod configuration;
mod flows;
mod outbox;
mod store;
mod system;

use std::sync::Arc;
use std::time::Duration;

use callcore::port::{
    Accounts, Auctions, Calls, Capacity, Directory, Flows, Outbox, Registry, SystemStore,
};
use callcore_testkit::{Harness, suite};

use store::{Fault, Faulty};

/// The harness of a store with a fault, which the tests put in by hand.
struct Broken(Arc<Faulty>);

impl Harness for Broken {
    async fn open() -> Self {
        Self(Arc::new(Faulty::new(Fault::None)))
    }

    fn directory(&self) -> Arc<dyn Directory> {
        self.0.clone()
    }

    fn system(&self) -> Arc<dyn SystemStore> {
        self.0.clone()
    }

    fn calls(&self) -> Arc<dyn Calls> {
        self.0.clone()
    }

    fn capacity(&self) -> Arc<dyn Capacity> {
        self.0.clone()
    }

    fn registry(&self) -> Arc<dyn Registry> {
        self.0.clone()
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        Arc::clone(&self.0.inner) as Arc<dyn Accounts>
    }

    fn auctions(&self) -> Arc<dyn Auctions> {
        self.0.clone()
    }

    fn flows(&self) -> Arc<dyn Flows> {
        self.0.clone()
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        self.0.clone()
    }
}

/// Longest time that a case may take on a store with a fault.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a case passes on a store with this fault. The fault is no type, so that the cases are
/// compiled once and not once for each.
fn passes(case: &suite::Case<Broken>, fault: Fault) -> bool {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let act = case.act;
    let acting = runtime.spawn(async move { act(&Broken(Arc::new(Faulty::new(fault)))).await });
    let finished = runtime.block_on(async { tokio::time::timeout(PATIENCE, acting).await });
    runtime.shutdown_background();
    matches!(finished, Ok(Ok(())))
}

/// The names of the cases that fail.
fn failures(fault: Fault) -> Vec<String> {
    let cases = suite::cases::<Broken>();
    let failing = cases.iter().filter(|case| !passes(case, fault));
    failing.map(|case| format!("{case:?}")).collect()
}

macro_rules! found {
    ($($test:ident: $fault:ident by $($case:literal),+;)*) => {
        $(
            #[test]
            fn $test() {
                let failures = failures(Fault::$fault);
                for case in [$($case),+] {
                    assert!(failures.iter().any(|found| found == case), "{case}: {failures:#?}");
                }
            }
        )*
    };
}

#[test]
fn the_wrapper_itself_is_sound() {
    assert_eq!(failures(Fault::None), Vec::<String>::new());
}

found! {
    a_cap_that_is_ignored: CapIgnored by
        "capacity::every_kind_of_cap_is_kept",
        "capacity::of_many_reservations_a_cap_grants_exactly_its_limit",
        "capacity::a_cap_of_zero_is_always_full";
    counting_before_taking: CountsThenTakes by
        "capacity::of_many_reservations_a_cap_grants_exactly_its_limit",
        "capacity::the_tightest_of_several_caps_decides";
    claims_that_are_taken_in_part: ClaimTakenInPart by
        "capacity::a_refused_claim_takes_no_place";
    claims_that_are_tried_backwards: ClaimsBackwards by
        "capacity::the_first_claim_with_room_is_granted",
        "capacity::calls_at_once_fill_the_claims_in_order";
    a_repetition_that_renews_the_lease: LeaseRenewed by
        "capacity::a_repeated_reservation_answers_the_same";
    a_repetition_that_takes_another_place: RepetitionTakes by
        "capacity::a_repeated_reservation_answers_the_same",
        "capacity::repetitions_at_once_take_one_place";
    dialling_for_an_ended_call: EndedCallsDial by
        "capacity::an_ended_call_reserves_nothing";
    expired_leases_that_count: ExpiredCounts by
        "capacity::an_expired_lease_holds_no_place";
    a_release_that_is_forgotten: ReleaseForgotten by
        "capacity::a_release_gives_back_concurrency_places",
        "capacity::a_reservation_releases_first",
        "calls::a_save_gives_back_what_is_known_to_be_over",
        "capacity::a_cap_holds_while_calls_come_and_go";
    a_refund_that_is_forgotten: RefundForgotten by
        "capacity::a_refund_gives_back_every_place",
        "capacity::a_refund_is_for_the_windows_of_the_grant";
    a_release_that_always_refunds: RefundAlways by
        "capacity::a_release_gives_back_concurrency_places",
        "capacity::several_attempts_are_released_together";
    usage_with_what_the_call_holds: OwnUsageCounted by
        "calls::usage_is_without_what_the_call_itself_holds";
    a_save_without_compare: SaveWithoutCompare by
        "calls::a_save_of_another_version_is_a_conflict",
        "calls::of_several_later_saves_exactly_one_succeeds";
    growth_that_is_forgotten: GrowthForgotten by
        "calls::activity_counts_are_the_campaigns",
        "calls::counters_that_grow_at_once_lose_nothing";
    a_draw_that_repeats: DrawRepeats by
        "calls::of_several_draws_each_gets_a_turn_of_its_own";
    a_draw_that_forgets_who_drew: DrawForgets by
        "calls::a_repeated_draw_answers_the_same_turn",
        "calls::draws_of_one_call_at_once_take_one_turn";
    whoever_begins_is_fresh: AlwaysFresh by
        "calls::a_step_is_begun_once",
        "calls::of_several_that_begin_exactly_one_is_fresh",
        "calls::of_several_that_begin_again_exactly_one_is_fresh",
        "calls::a_saved_step_answers_its_reply",
        "calls::nobody_is_fresh_after_the_save";
    a_step_that_is_never_abandoned: NeverAbandoned by
        "calls::an_abandoned_step_is_begun_again",
        "calls::of_several_that_begin_again_exactly_one_is_fresh",
        "system::a_call_is_begun_until_the_time_of_its_steps_is_over";
    a_begin_that_forgets_saves: BeginForgetsSaves by
        "calls::a_saved_step_answers_its_reply",
        "calls::nobody_is_fresh_after_the_save",
        "system::a_call_that_is_saved_is_not_begun";
    bids_that_are_always_new: BidsAlwaysNew by
        "calls::a_bid_is_told_with_the_time_it_was_made";
    bids_that_hold_for_ever: BidsForEver by
        "calls::a_bid_is_told_while_it_holds",
        "calls::only_the_newest_bid_of_a_target_counts";
    bids_that_are_taken_in_any_campaign: BidsOfAnyCampaign by
        "calls::a_bid_is_its_campaigns";
    an_auction_that_is_forgotten: AuctionForgotten by
        "auctions::a_saved_auction_reads_back",
        "auctions::auctions_are_listed_newest_first",
        "auctions::a_filter_lets_only_its_responses_pass",
        "calls::a_bid_is_told_while_it_holds",
        "calls::a_look_shows_the_newest_auction";
    an_auction_that_is_not_replaced: AuctionNotReplaced by
        "auctions::a_save_replaces_the_same_auction",
        "auctions::a_filter_sees_the_newest_verdicts",
        "calls::a_bid_that_was_taken_back_leaves_none",
        "calls::a_replaced_auctions_bids_are_gone";
    exchanges_that_are_forgotten: ExchangesForgotten by
        "auctions::what_was_said_reads_back",
        "auctions::what_was_said_stands_in_one_order",
        "auctions::a_later_save_adds_to_what_was_said";
    withdrawals_that_are_forgotten: WithdrawalsForgotten by
        "calls::a_conversion_can_be_taken_back";
    auctions_that_are_listed_backwards: AuctionsBackwards by
        "auctions::auctions_are_listed_newest_first",
        "auctions::responses_are_listed_newest_auctions_first";
    a_filter_that_is_cut_short: FilterCutShort by
        "auctions::a_filter_lets_only_its_auctions_pass",
        "auctions::a_filter_lets_only_its_responses_pass",
        "auctions::every_verdict_is_found_by_its_filter",
        "auctions::a_filtered_list_of_auctions_has_full_pages";
    a_hold_that_is_ignored: InUseIgnored by
        "registry::a_buyer_that_is_assigned_cannot_be_deleted",
        "registry::a_target_in_use_cannot_be_deleted",
        "registry::a_router_that_a_campaign_names_cannot_be_deleted",
        "registry::a_flow_that_a_campaign_names_cannot_be_deleted";
    targets_that_are_sorted: TargetsSorted by
        "registry::target_assignments_stand_in_their_order";
    cursors_that_are_ignored: CursorIgnored by
        "flows::versions_come_in_parts",
        "auctions::following_the_cursors_meets_every_auction_once",
        "auctions::following_the_cursors_meets_every_response_once",
        "calls::following_the_cursors_meets_every_call_once",
        "calls::following_the_cursors_meets_every_passage_once",
        "registry::following_the_cursors_meets_every_object_once";
    tenants_that_are_ignored: TenantIgnored by
        "directory::another_tenants_flow_is_none",
        "flows::another_tenants_flows_are_absent_to_every_act",
        "flows::another_tenants_trials_are_absent_to_every_act",
        "outbox::another_tenants_deliveries_are_absent_to_every_act",
        "registry::a_campaign_names_only_a_flow_of_its_tenant",
        "auctions::another_tenants_auctions_are_absent_to_every_act",
        "calls::bids_are_those_on_the_caller",
        "calls::each_step_is_begun_by_itself",
        "registry::another_tenants_targets_cannot_be_assigned",
        "registry::a_router_names_only_targets_of_its_tenant",
        "registry::a_campaign_names_only_a_router_of_its_tenant",
        "calls::another_tenants_call_is_absent_to_every_act",
        "calls::another_tenants_passages_are_absent",
        "capacity::another_tenants_places_are_its_own",
        "registry::another_tenants_objects_are_absent_to_every_act";
    a_replace_without_compare: ReplaceWithoutCompare by
        "registry::a_replace_of_another_version_is_a_conflict",
        "registry::of_several_replaces_exactly_one_succeeds";
    a_revision_that_stands: RevisionStands by
        "flows::a_publish_raises_the_revision",
        "directory::every_acknowledged_change_raises_the_revision",
        "directory::who_answers_a_number_changes_only_with_the_numbers_revision";
    the_newest_campaign_that_answers: NewestAnswers by
        "system::the_active_campaign_answers",
        "system::else_the_campaign_that_was_changed_last_answers";
    a_sweep_that_forgets: SweepForgotten by
        "system::a_sweep_frees_what_ran_out",
        "system::of_several_sweeps_each_lease_is_freed_once";
    a_flow_that_is_not_looked_for: FlowUnchecked by
        "registry::a_campaign_names_only_a_flow_of_its_tenant";
    a_newest_version_that_is_the_first: NewestIsFirst by
        "flows::the_newest_version_is_what_was_published_last";
    changes_that_are_not_seen: ChangesUnseen by
        "flows::a_record_tells_what_became_of_a_draft";
    a_stage_that_is_ignored: StageIgnored by
        "flows::records_are_listed_newest_first";
    a_flow_that_is_archived_anew: ArchivedAnew by
        "flows::archiving_again_changes_nothing";
    a_flow_in_use_that_is_archived: ArchivedInUse by
        "flows::a_flow_of_an_active_campaign_is_not_archived";
    an_archived_flow_that_is_published: ArchivedPublished by
        "flows::an_archived_flow_is_not_published";
    whatever_is_named_is_known: EverythingKnown by
        "flows::only_what_the_tenant_has_is_known";
    a_filter_that_forgets_flows: FlowFilterIgnored by
        "calls::a_flow_has_its_calls_as_the_call_tells",
        "calls::a_flows_status_is_what_the_call_tells";
    nodes_that_stand_backwards: NodesBackwards by
        "calls::a_passage_has_its_nodes_in_the_order_of_writing";
    a_span_that_is_ignored: SpanIgnored by
        "calls::passages_are_of_their_flow_and_span";
    a_pin_that_is_ignored: PinIgnored by
        "directory::a_source_has_the_version_that_was_asked_for",
        "directory::a_version_that_is_missing_is_no_flow";
    a_draft_that_is_published_again: PublishRepeats by
        "flows::a_repeated_publish_answers_the_same_version",
        "flows::of_several_publishes_one_makes_the_version";
    a_publish_without_compare: PublishWithoutCompare by
        "flows::a_publish_of_another_draft_is_a_conflict";
    a_trial_that_is_made_again: TrialRepeats by
        "flows::a_known_trial_is_answered_as_it_is";
    versions_that_are_listed_backwards: VersionsBackwards by
        "flows::versions_are_listed_newest_first";
    versions_that_go_with_their_draft: VersionsGoWithDrafts by
        "flows::a_version_outlives_its_draft";
    a_delivery_that_is_forgotten: DeliveryForgotten by
        "outbox::a_saved_delivery_reads_back",
        "outbox::a_claim_sees_every_acknowledged_save";
    a_delivery_of_a_refused_save: DeliveriesWithoutSave by
        "outbox::a_conflict_writes_no_delivery";
    a_known_delivery_that_is_sent_again: KnownDeliverySentAgain by
        "outbox::a_known_delivery_stays_as_it_is";
    deliveries_that_are_sorted: DeliveriesSorted by
        "outbox::deliveries_stand_in_the_order_of_writing";
    a_claim_that_does_not_last: ClaimsLeak by
        "outbox::a_claim_lasts_until_its_time_is_over",
        "outbox::a_claim_takes_the_longest_waiting_first";
    a_claim_that_never_ends: ClaimsForEver by
        "outbox::a_claim_lasts_until_its_time_is_over",
        "outbox::of_several_claims_each_delivery_goes_to_one";
    claims_that_begin_with_the_newest: ClaimsNewestFirst by
        "outbox::a_claim_takes_the_longest_waiting_first",
        "outbox::the_deliveries_of_a_step_are_claimed_in_their_order",
        "outbox::what_is_due_again_waits_from_then_on";
    a_claim_of_everything: ClaimsWithoutLimit by
        "outbox::a_claim_takes_the_longest_waiting_first",
        "outbox::of_several_claims_each_delivery_goes_to_one";
    a_delivery_that_is_settled_in_vain: SettledAgain by
        "outbox::a_settled_delivery_is_not_due_again",
        "outbox::settling_what_is_over_changes_nothing";
    a_delivery_that_anybody_settles: SettledByAnybody by
        "outbox::an_earlier_try_settles_nothing";
    settlements_that_are_noted_in_part: OneSettled by
        "outbox::many_tries_are_settled_at_once";
    claims_that_take_from_both_lanes: LanesMixed by
        "outbox::neither_lane_waits_for_the_other";
    claims_that_forget_what_is_underway: UnderwayIgnored by
        "outbox::a_tenant_without_room_is_passed_over";
    deliveries_that_are_never_forgotten: NothingForgotten by
        "outbox::what_was_over_for_long_is_forgotten";
    sessions_that_never_end: SessionsForEver by
        "system::an_idle_session_ends",
        "system::a_session_ends_in_any_case";
}
