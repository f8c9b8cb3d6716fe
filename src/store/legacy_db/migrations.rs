//! The migrations that the old bot's migrator must find recorded, or it runs them again.

/// The names of the 23 migrations of the last schema, in order.
pub const MIGRATIONS: [&str; 23] = [
    "20220426042719_init",
    "20220526193702_guilds",
    "20240905213250_off-knex",
    "20240906155529-message_stats",
    "20250325193821_tickets",
    "20250531182208_channel_info",
    "20250531210224-message_code_stats",
    "20250612220730_message_links",
    "20250628100531_guild_subscriptions",
    "20250725192908_user_threads",
    "20250726155346_reported_messages",
    "20250726201405_add_unique_constraint_reported_messages",
    "20250726215517_add_deleted_at_to_reported_messages",
    "20251128120000_escalation_votes",
    "20251204174954_reactji_channeler",
    "20251206211600_add_honeypot_config",
    "20251209140659_add_voting_strategy",
    "20251217145416_add_scheduled_for",
    "20260217000000_deletion_log_threads",
    "20260218000000_message_cache",
    "20260218120000_fix_created_at_defaults",
    "20260220120000_mod_actions",
    "20260220130000_recover_dates_from_snowflakes",
];
