//! Every case by its port and name. The macros below make tests or values of them.

/// Calls a macro of this crate with all cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_cases {
    ($callback:ident) => {
        $crate::$callback! {
            accounts: [
                sessions_are_listed_newest_first,
                sessions_that_are_over_are_not_listed,
                a_sessions_instants_are_kept_to_the_microsecond,
                a_closed_session_is_gone,
                other_sessions_are_closed_and_counted,
                api_keys_are_listed_newest_first,
                a_revoked_api_key_is_gone,
                preferences_are_replaced_as_a_whole,
                another_tenants_accounts_are_absent_to_every_act,
            ]
            auctions: [
                auctions_are_listed_newest_first,
                following_the_cursors_meets_every_auction_once,
                responses_are_listed_newest_auctions_first,
                following_the_cursors_meets_every_response_once,
                a_filter_lets_only_its_auctions_pass,
                a_filter_lets_only_its_responses_pass,
                every_verdict_is_found_by_its_filter,
                a_filter_sees_the_newest_verdicts,
                a_filtered_list_of_auctions_has_full_pages,
                a_saved_auction_reads_back,
                an_auction_without_anybody_reads_back,
                an_auctions_instants_are_kept_to_the_microsecond,
                a_log_is_kept_to_the_byte,
                a_save_replaces_the_same_auction,
                a_save_without_auction_keeps_what_was_saved,
                a_conflict_writes_no_auction,
                a_calls_auctions_stand_in_the_order_of_their_opening,
                a_call_without_auctions_has_none,
                another_tenants_auctions_are_absent_to_every_act,
                auctions_outlive_what_they_name,
                what_was_said_reads_back,
                what_was_said_stands_in_one_order,
                a_later_save_adds_to_what_was_said,
                unknown_auctions_and_responses_are_none,
            ]
            calls: [
                a_step_is_begun_once,
                of_several_that_begin_exactly_one_is_fresh,
                an_abandoned_step_is_begun_again,
                of_several_that_begin_again_exactly_one_is_fresh,
                a_saved_step_answers_its_reply,
                nobody_is_fresh_after_the_save,
                each_step_is_begun_by_itself,
                a_begun_step_is_no_call,
                a_begun_steps_instant_is_kept_to_the_microsecond,
                a_bid_is_told_while_it_holds,
                only_the_newest_bid_of_a_target_counts,
                a_reply_without_bid_takes_no_bid_back,
                a_bid_without_expiry_is_not_taken_again,
                a_bid_is_told_with_the_time_it_was_made,
                a_bid_that_was_taken_back_leaves_none,
                bids_are_those_on_the_caller,
                a_bid_is_its_campaigns,
                a_replaced_auctions_bids_are_gone,
                a_look_shows_the_newest_auction,
                activity_counts_are_the_campaigns,
                a_conversion_can_be_taken_back,
                targets_are_counted_as_buyers_are,
                the_last_conversation_is_any_campaigns,
                counters_that_grow_at_once_lose_nothing,
                contacts_are_the_callers_in_any_campaign,
                the_newest_contact_stays,
                counters_are_each_tenants_own,
                turns_are_drawn_without_a_gap,
                of_several_draws_each_gets_a_turn_of_its_own,
                a_repeated_draw_answers_the_same_turn,
                draws_of_one_call_at_once_take_one_turn,
                each_rotation_has_turns_of_its_own,
                another_tenants_draws_take_no_turn,
                calls_are_listed_newest_first,
                following_the_cursors_meets_every_call_once,
                a_filter_lets_only_its_calls_pass,
                a_buyer_has_its_calls_as_the_call_tells,
                a_filter_sees_the_newest_state,
                a_span_of_time_includes_its_beginning_only,
                tags_fit_exactly,
                a_filtered_list_has_full_pages,
                a_flow_has_its_calls_as_the_call_tells,
                a_flows_status_is_what_the_call_tells,
                an_unknown_call_is_looked_at_without_error,
                a_look_answers_the_stored_reply_of_its_step,
                a_look_sees_every_acknowledged_act,
                usage_is_without_what_the_call_itself_holds,
                usage_is_told_for_each_cap_that_is_asked_for,
                usage_is_of_the_running_window,
                usage_is_of_the_tenants_own_calls,
                a_look_is_of_one_instant,
                a_passage_has_its_nodes_in_the_order_of_writing,
                a_passage_is_read_whatever_callers_say,
                passages_stand_newest_first,
                following_the_cursors_meets_every_passage_once,
                passages_are_of_their_flow_and_span,
                passages_see_every_acknowledged_save,
                a_page_of_passages_is_of_one_instant,
                an_unknown_flow_has_no_passage,
                another_tenants_passages_are_absent,
                a_saved_call_reads_back,
                a_calls_flow_reads_back,
                a_journey_is_in_the_order_of_writing,
                a_save_of_another_version_is_a_conflict,
                a_second_save_of_a_step_is_a_conflict,
                a_conflict_changes_nothing,
                of_several_first_saves_exactly_one_succeeds,
                of_several_later_saves_exactly_one_succeeds,
                a_save_gives_back_what_is_known_to_be_over,
                a_call_that_is_over_holds_nothing,
                of_an_end_and_reservations_at_once_nothing_stays_held,
                an_unknown_call_has_no_journey,
                another_tenants_call_is_absent_to_every_act,
                another_tenants_save_changes_no_call,
            ]
            capacity: [
                an_expired_lease_holds_no_place,
                a_lease_lasts_until_its_expiry,
                each_lease_has_its_own_length,
                held_counts_concurrency_places,
                of_many_reservations_a_cap_grants_exactly_its_limit,
                claims_over_the_same_caps_take_all_or_none,
                the_tightest_of_several_caps_decides,
                repetitions_at_once_take_one_place,
                calls_at_once_fill_the_claims_in_order,
                releases_at_once_free_each_place_once,
                a_cap_holds_while_calls_come_and_go,
                a_release_gives_back_concurrency_places,
                a_refund_gives_back_every_place,
                a_second_release_gives_nothing_back,
                a_refund_may_follow_a_release,
                unknown_attempts_are_passed_over,
                several_attempts_are_released_together,
                every_attempt_of_a_call_is_released,
                a_reservation_releases_first,
                a_refund_is_for_the_windows_of_the_grant,
                the_first_claim_with_room_is_granted,
                a_refusal_names_a_full_cap_of_each_claim,
                a_claim_without_caps_always_fits,
                a_cap_of_zero_is_always_full,
                every_kind_of_cap_is_kept,
                a_refused_claim_takes_no_place,
                a_target_is_reserved_as_a_buyer_is,
                scopes_are_counted_apart,
                a_repeated_reservation_answers_the_same,
                a_repetition_after_the_release_takes_nothing,
                a_refusal_is_not_remembered,
                each_attempt_takes_a_place,
                an_ended_call_reserves_nothing,
                a_changed_cap_holds_for_the_next_grant,
                another_tenants_places_are_its_own,
                an_hourly_window_is_the_local_hour,
                a_daily_window_is_the_local_date,
                a_monthly_window_is_the_local_month,
                a_total_never_begins_anew,
                windows_are_counted_side_by_side,
            ]
            directory: [
                a_source_has_the_newest_published_flow,
                a_source_has_the_version_that_was_asked_for,
                a_version_that_is_missing_is_no_flow,
                a_flows_source_has_what_the_flow_names,
                what_a_flow_names_may_be_missing,
                another_tenants_flow_is_none,
                a_source_shows_every_acknowledged_publication,
                a_flow_and_what_it_names_are_of_one_instant,
                every_acknowledged_change_raises_the_revision,
                who_answers_a_number_changes_only_with_the_numbers_revision,
                a_source_has_all_its_parts,
                a_source_has_its_targets_and_its_router,
                a_source_without_targets_has_none,
                a_source_without_number_has_none,
                a_source_shows_every_acknowledged_change,
                a_sources_revision_is_no_newer_than_its_parts,
                the_parts_of_a_source_are_of_one_instant,
                an_unknown_campaign_has_no_source,
                another_tenants_campaign_has_no_source,
            ]
            flows: [
                a_published_version_reads_back,
                versions_are_listed_newest_first,
                a_version_never_changes,
                a_version_outlives_its_draft,
                a_flow_that_is_created_again_is_published_anew,
                a_repeated_publish_answers_the_same_version,
                a_publish_of_another_draft_is_a_conflict,
                an_unknown_flow_cannot_be_published,
                an_unknown_version_is_none,
                of_several_publishes_one_makes_the_version,
                each_number_is_given_once,
                a_publish_raises_the_revision,
                a_versions_instant_is_kept_to_the_microsecond,
                another_tenants_flows_are_absent_to_every_act,
                the_newest_version_is_what_was_published_last,
                versions_come_in_parts,
                a_version_is_listed_by_its_name,
                a_record_tells_what_became_of_a_draft,
                an_unknown_flow_has_no_record,
                records_are_listed_newest_first,
                only_what_the_tenant_has_is_known,
                an_archived_flow_is_not_published,
                archiving_again_changes_nothing,
                an_unknown_flow_cannot_be_archived,
                a_flow_that_is_created_again_is_not_archived,
                a_flow_of_an_active_campaign_is_not_archived,
                a_campaign_takes_up_no_archived_flow,
                a_flow_is_never_both_archived_and_active,
                a_trial_reads_back,
                a_trial_is_no_version,
                the_newest_trials_of_a_flow_are_kept,
                a_known_trial_is_answered_as_it_is,
                trials_of_a_minute_are_bounded,
                each_trial_has_a_number_of_its_own,
                a_trials_instant_is_kept_to_the_microsecond,
                another_tenants_trials_are_absent_to_every_act,
            ]
            outbox: [
                a_claim_takes_the_longest_waiting_first,
                the_deliveries_of_a_step_are_claimed_in_their_order,
                a_claim_lasts_until_its_time_is_over,
                a_settled_delivery_is_not_due_again,
                a_failed_delivery_is_due_again_when_it_was_told,
                what_is_due_again_waits_from_then_on,
                settling_what_is_over_changes_nothing,
                an_unknown_delivery_is_settled_without_error,
                a_deliverys_instants_are_kept_to_the_microsecond,
                a_claim_sees_every_acknowledged_save,
                of_several_claims_each_delivery_goes_to_one,
                claims_among_saves_lose_nothing,
                neither_lane_waits_for_the_other,
                a_tenant_without_room_is_passed_over,
                a_claim_over_many_tenants_keeps_to_its_limit,
                a_claim_tells_a_deliverys_age,
                many_tries_are_settled_at_once,
                an_earlier_try_settles_nothing,
                what_is_over_holds_nothing_of_the_caller,
                what_was_over_for_long_is_forgotten,
                a_saved_delivery_reads_back,
                deliveries_stand_in_the_order_of_writing,
                a_known_delivery_stays_as_it_is,
                a_conflict_writes_no_delivery,
                of_several_saves_one_has_its_deliveries_written,
                a_call_that_sends_nothing_has_no_deliveries,
                another_tenants_deliveries_are_absent_to_every_act,
            ]
            registry: [
                an_assignment_twice_is_one,
                an_assignment_wants_both_sides,
                assignments_stand_in_their_order,
                an_unassigned_buyer_is_not_found,
                an_unknown_campaign_has_no_assignments,
                a_deleted_object_is_gone,
                a_buyer_that_is_assigned_cannot_be_deleted,
                a_number_that_a_campaign_names_cannot_be_deleted,
                a_campaigns_assignments_go_with_it,
                calls_outlive_their_campaign,
                a_buyer_is_never_both_assigned_and_deleted,
                a_draft_is_kept_as_it_was_written,
                a_draft_is_replaced_at_its_version,
                a_campaign_names_only_a_flow_of_its_tenant,
                a_flow_that_a_campaign_names_cannot_be_deleted,
                a_flow_is_never_both_named_and_deleted,
                a_flow_holds_nothing,
                a_number_is_available_once,
                of_several_creates_of_a_number_exactly_one_succeeds,
                a_replaced_number_is_checked_as_a_created_one,
                a_number_that_was_given_up_is_available_again,
                a_campaign_names_only_a_number_of_its_tenant,
                a_second_active_campaign_on_a_number_is_refused,
                an_active_campaign_excludes_only_other_active_ones,
                of_several_activations_on_a_number_exactly_one_succeeds,
                a_number_is_never_both_named_and_deleted,
                a_created_object_reads_back,
                instants_are_kept_to_the_microsecond,
                an_unknown_object_reads_as_none,
                a_second_create_of_an_id_is_a_version_conflict,
                of_several_creates_of_an_id_exactly_one_succeeds,
                a_replace_raises_the_version,
                a_replace_of_another_version_is_a_conflict,
                a_replace_of_an_unknown_object_is_not_found,
                of_several_replaces_exactly_one_succeeds,
                a_refused_write_changes_nothing,
                another_tenants_objects_are_absent_to_every_act,
                a_list_is_newest_first,
                a_list_holds_one_kind_of_one_tenant,
                a_full_last_page_has_no_next,
                following_the_cursors_meets_every_object_once,
                a_router_names_only_targets_of_its_tenant,
                a_campaign_names_only_a_router_of_its_tenant,
                a_target_in_use_cannot_be_deleted,
                a_router_that_a_campaign_names_cannot_be_deleted,
                another_tenants_objects_hold_nothing,
                a_target_is_never_both_named_and_deleted,
                a_target_is_never_both_assigned_and_deleted,
                a_router_is_never_both_named_and_deleted,
                an_id_may_be_of_several_kinds,
                a_target_assignment_twice_is_one,
                a_target_assignment_wants_both_sides,
                target_assignments_stand_in_their_order,
                an_unassigned_target_is_not_found,
                an_unknown_campaign_has_no_target_assignments,
                buyers_and_targets_are_assigned_apart,
                a_campaigns_target_assignments_go_with_it,
                another_tenants_targets_cannot_be_assigned,
                targets_that_are_assigned_at_once_are_assigned_once,
            ]
            system: [
                a_call_is_begun_until_the_time_of_its_steps_is_over,
                a_call_that_is_saved_is_not_begun,
                calls_are_begun_each_by_itself,
                a_call_that_is_begun_again_lasts_anew,
                of_a_call_that_is_saved_one_of_both_is_known,
                an_unknown_number_has_no_holder,
                a_number_is_found_with_its_tenant,
                the_active_campaign_answers,
                else_the_campaign_that_was_changed_last_answers,
                a_number_follows_every_acknowledged_change,
                a_call_is_found_with_its_tenant,
                a_target_is_found_with_every_tenant_that_has_it,
                the_owner_is_set_up_once,
                of_several_set_ups_exactly_one_succeeds,
                another_tenant_has_an_owner_of_its_own,
                of_several_tenants_one_gets_the_username,
                a_username_is_found_in_any_case,
                a_session_lasts_as_long_as_it_is_used,
                an_idle_session_ends,
                a_session_ends_in_any_case,
                an_unknown_session_is_none,
                an_api_key_is_marked_as_used,
                a_token_is_good_for_one_thing,
                a_sweep_frees_what_ran_out,
                a_call_that_is_over_leaves_nothing_to_sweep,
                a_sweep_refunds_orphans,
                an_orphan_with_a_short_lease_is_refunded,
                a_sweep_spares_calls_that_go_on,
                a_sweep_and_a_release_free_once,
                an_orphans_refund_is_for_the_windows_of_its_grant,
                a_sweep_frees_for_every_tenant,
                of_several_sweeps_each_lease_is_freed_once,
                a_sweep_among_releases_frees_no_held_place,
            ]
        }
    };
}

/// Expands to one named test per case of the conformance suite, in a module per port, for the
/// [`Harness`](crate::Harness) that is named.
///
/// Each test opens a store of its own and runs on a Tokio runtime with several threads. A case that
/// the harness declares in [`Harness::skip`](crate::Harness::skip) prints why and passes.
///
/// ```no_run
/// callcore_testkit::store_suite!(callcore_testkit::Memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_suite {
    ($harness:ty) => {
        type StoreSuiteHarness = $harness;

        $crate::__with_cases!(__tests_of_cases);

        #[test]
        fn every_declared_deviation_is_a_case() {
            $crate::suite::check_deviations::<StoreSuiteHarness>();
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests_of_cases {
    ($($port:ident: [$($case:ident,)*])*) => {
        $(
            mod $port {
                $(
                    #[test]
                    fn $case() {
                        $crate::suite::run(&$crate::suite::Case::<super::StoreSuiteHarness> {
                            port: stringify!($port),
                            name: stringify!($case),
                            act: |harness| Box::pin($crate::suite::$port::$case(harness)),
                        });
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __values_of_cases {
    ($($port:ident: [$($case:ident,)*])*) => {
        vec![$($(
            $crate::suite::Case {
                port: stringify!($port),
                name: stringify!($case),
                act: |harness| Box::pin($crate::suite::$port::$case(harness)),
            },
        )*)*]
    };
}
