//! A limit on everything, each with its name. Reaching one is a typed reason, never a hang.

/// Longest name of a campaign, buyer or number, in characters.
pub const NAME_CHARACTERS: usize = 200;
/// Longest free text (descriptions, notes, spoken messages), in characters.
pub const TEXT_CHARACTERS: usize = 3_000;
/// Longest SIP URI, in bytes. RFC 3261 sets none; carriers refuse longer ones.
pub const SIP_URI_BYTES: usize = 256;
/// Candidates of one campaign.
pub const CANDIDATES: usize = 500;
/// Skills of one buyer or of one request.
pub const SKILLS: usize = 50;
/// Rules in one side (allow, deny) of a geographic rule.
pub const GEO_RULES: usize = 1_000;
/// Highest weight of a buyer inside its priority.
pub const WEIGHT: u32 = 1_000;
/// Dial attempts of one call, over all its fallbacks and reroutes.
pub const ATTEMPTS: u32 = 20;
/// Reservations of one call, dialled or not: each bid that is not confirmed takes one, and a flow may
/// hold several auctions.
pub const RESERVATIONS: u32 = 500;
/// Reroutes after a short call (spec RTE-7).
pub const REROUTES: u32 = 5;
/// Shortest and longest ringing time of a dial in seconds, as `<Dial timeout>` has it:
/// <https://www.twilio.com/docs/voice/twiml/dial>.
pub const DIAL_TIMEOUT_SECS: std::ops::RangeInclusive<u32> = 5..=600;
/// Shortest and longest conversation in seconds, as `<Dial timeLimit>` has it.
pub const CALL_LENGTH_SECS: std::ops::RangeInclusive<u32> = 1..=86_400;
/// What a lease outlives the dial's own limits by: the carrier adds about 5 s to the ringing time,
/// and 30 s are ours for the callbacks to arrive.
pub const LEASE_MARGIN_SECS: u32 = 35;
/// Tags of one call.
pub const TAGS: usize = 100;
/// Longest name of a tag, in bytes.
pub const TAG_NAME_BYTES: usize = 100;
/// Longest value of a tag, in bytes.
pub const TAG_VALUE_BYTES: usize = 1_000;
/// Outgoing webhooks, parameters or pixels of one campaign.
pub const CAMPAIGN_HOOKS: usize = 20;
/// Longest URL that a tenant configures, in bytes.
pub const URL_BYTES: usize = 2_000;
/// How often one event is stepped again because another delivery saved first.
pub const RESTEPS: usize = 16;
/// Facts in the journal of one call. News beyond that is answered and not kept; what a caller waits
/// for is bounded by the attempts, and always kept.
pub const CALL_FACTS: u32 = 500;
/// Reports of one target about one call: it may change its mind, and not fill the journal.
pub const TARGET_REPORTS: u32 = 20;
/// Items of one page of a list.
pub const PAGE_ITEMS: usize = 500;
/// Days that a duplicate rule looks back at the most.
pub const DUPLICATE_DAYS: u32 = 3_650;
/// Longest wrap-up time of an agent, in seconds.
pub const WRAP_UP_SECS: u32 = 86_400;
/// Shortest and longest time that bidders have, in milliseconds: spec CAM-2; a carrier waits 15 s.
pub const BID_TIMEOUT_MS: std::ops::RangeInclusive<u32> = 50..=8_000;
/// Targets of one auction.
pub const AUCTION_TARGETS: usize = 100;
/// How long a bid is taken again for the same caller, in seconds, whatever the bidder says: an answer
/// of an exchange that was recorded holds for 39 s, and 60 s is usual (`reference/rtb.md` §1.1, §1.7).
/// Who promises days may have changed its mind, or its number, long before.
pub const SHIELD_SECS: i64 = 600;
/// Failing targets that one process remembers.
pub const FAILING_TARGETS: usize = 10_000;
/// Rows of one table of bid modifiers, as Ringba has it.
pub const BID_MODIFIERS: usize = 100;
/// The largest factor of a bid modifier.
pub const BID_FACTOR: u32 = 1_000;
/// Currencies in an auction's table of rates: ISO 4217 has fewer than 200.
pub const BID_RATES: usize = 200;
/// The largest rate of a currency: the dearest unit is worth less than a million of the cheapest.
pub const BID_RATE: u32 = 1_000_000_000;
/// Longest template of a bid request's body or header, in bytes.
pub const TEMPLATE_BYTES: usize = 16_384;
/// Variables in one template.
pub const TEMPLATE_VARIABLES: usize = 100;
/// Alternatives of one variable or of one path.
pub const ALTERNATIVES: usize = 16;
/// Headers of one target.
pub const TARGET_HEADERS: usize = 30;
/// Longest header value or credential that is sent to a target, in bytes.
pub const HEADER_BYTES: usize = 2_000;
/// Largest body of a bid request or of its reply, in bytes.
pub const BID_BODY_BYTES: usize = 65_536;
/// What is kept of the body of a bid request, of its headers, and of the body of its answer, in bytes
/// each: enough to see what a bidder meant.
pub const EXCHANGE_BYTES: usize = 4_096;
/// Longest URL of a rendered bid request, in bytes.
pub const BID_URL_BYTES: usize = 8_192;
/// Deepest nesting of a bid reply, as `serde_json` has it.
pub const REPLY_DEPTH: usize = 128;
/// Longest number in a bid reply, in bytes.
pub const REPLY_NUMBER_BYTES: usize = 64;
/// Longest path into a reply, in bytes; each alternative of a chain is one.
pub const PATH_BYTES: usize = 256;
/// Deepest nesting of brackets and parentheses in a path: parsers recurse on them.
pub const PATH_NESTING: usize = 16;
/// How many nodes one path can multiply into by its selector lists: `[0,1]` twice makes four.
pub const PATH_SELECTORS: usize = 16;
/// Longest id of a bid that is kept, in bytes.
pub const BID_ID_BYTES: usize = 200;
/// Longest reason of a bidder that is kept, in characters.
pub const REASON_CHARACTERS: usize = 200;
/// Largest document of a flow, in bytes.
pub const FLOW_BYTES: usize = 1_048_576;
/// Nodes of one flow.
pub const FLOW_NODES: usize = 500;
/// Connections of one flow.
pub const FLOW_CONNECTIONS: usize = 2_000;
/// Longest id of a node or connection, in bytes.
pub const FLOW_ID_BYTES: usize = 100;
/// Nodes that one event leads through.
pub const FLOW_STEPS: usize = 200;
/// Questions of one call, re-asked ones included.
pub const FLOW_QUESTIONS: u32 = 500;
/// Largest reply that a flow gives, as a carrier's document. A carrier takes 64 KB, and the no-route
/// treatment may follow.
pub const FLOW_REPLY_BYTES: usize = 40_000;
/// The number of a flow's first trial. Published versions count from 1 and stay below it.
pub const FIRST_TRIAL: u32 = 1 << 31;
/// Trials that are kept of one flow: the newest ones.
pub const FLOW_TRIALS: u32 = 20;
/// Trials that one tenant makes in a minute.
pub const TRIALS_PER_MINUTE: u32 = 5;
/// How long a trial takes a call, in seconds: longer than any phone rings.
pub const TRIAL_SECS: i64 = 600;
/// How long a flow's session lasts when nothing comes, in seconds: longer than the longest call.
pub const FLOW_SESSION_SECS: i64 = 100_000;
/// How long custom code runs for one event of a call in all, in milliseconds: a caller hears
/// something within ten seconds, and most of them are for bidders.
pub const FLOW_SCRIPT_MS: u64 = 2_000;
/// Replies that are kept apart from the journal because they say what a caller entered in confidence:
/// a carrier repeats its newest webhooks.
pub const FLOW_REPLIES: usize = 16;
/// Sensitive answers of one call that are remembered in order to be hidden.
pub const FLOW_SECRETS: usize = 500;
/// What is kept of a transcription, in characters: a carrier transcribes two minutes.
pub const TRANSCRIPTION_CHARACTERS: usize = 10_000;
/// Options of one menu: as many as there are keys.
pub const MENU_OPTIONS: usize = 12;
/// Branches of one splitter.
pub const SPLITS: usize = 50;
/// Buyers of one router node.
pub const ROUTER_BUYERS: usize = 500;
/// Pixels, events or parameters of one node.
pub const PIXELS: usize = 50;
/// Longest name of a pixel's parameter, in bytes.
pub const PARAMETER_NAME_BYTES: usize = 100;
/// Longest URL of a pixel or a sound once it is filled in, in bytes. Receivers commonly take no longer ones.
pub const PIXEL_URL_BYTES: usize = 8_192;
/// Largest form that a pixel posts, in bytes.
pub const PIXEL_BODY_BYTES: usize = 65_536;
/// Pixels that one event leaves to be sent.
pub const FLOW_PIXELS: usize = 200;
/// What the pixels of one event take together, in bytes: names, URLs and bodies.
pub const FLOW_PIXELS_BYTES: usize = 500_000;
/// Nodes of one flow that route calls by settings that no other one has: each becomes a plan with
/// candidates of its own.
pub const FLOW_ROUTES: usize = 50;
/// Shortest and longest time that the last message of a call may be given, in seconds.
pub const PLAYBACK_SECS: std::ops::RangeInclusive<u32> = 1..=600;
/// Nodes of one path of a flow's figures, after which it is cut.
pub const PATH_NODES: usize = 32;
/// Longest regular expression of a flow, in bytes.
pub const PATTERN_BYTES: usize = 1_000;
/// What one compiled regular expression may take, in bytes.
pub const PATTERN_COMPILED_BYTES: usize = 1_000_000;
/// Longest custom code of a flow, in bytes.
pub const CODE_BYTES: usize = 16_384;
/// Turns of one simulated call: how often the carrier comes back.
pub const SIMULATED_TURNS: usize = 100;
/// What the transcript of one simulated call holds, in bytes: beyond that the simulation stops.
pub const SIMULATED_BYTES: usize = 1_000_000;
/// Inputs of one simulated call.
pub const SIMULATED_INPUTS: usize = 200;
/// Longest address of a delivery once it is filled, in bytes.
pub const DELIVERY_URL_BYTES: usize = 8_192;
/// How often a delivery may be claimed beyond the tries that its retries allow: claims that nobody
/// settled, tries that could not begin, and the time that a recall waits.
pub const DELIVERY_SPARE_TRIES: u32 = 10;
/// How often a delivery that cannot be read is claimed before it is given up: servers of another
/// version may be able to.
pub const UNREADABLE_TRIES: u32 = 10;
/// How long a delivery is kept that arrived or was given up, in days.
pub const ENDED_DELIVERY_DAYS: i64 = 7;
