/* The statements of one MESSAGE_CREATE of a guild that is served here, in a loop: message_create FILE COUNT BATCH
 * Spread over the guilds and sessions that the file has, committed and synced in transactions of BATCH.
 * Prints the seconds that COUNT of them took, and the seconds of CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sqlite3.h"

#define MOST 100000

static sqlite3 *db;

static void must(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0) == SQLITE_OK, sql);
    return statement;
}

static void run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    must(code == SQLITE_DONE || code == SQLITE_ROW, "step");
    sqlite3_reset(statement);
}

static int all(const char *sql, sqlite3_int64 *into) {
    sqlite3_stmt *statement = prepare(sql);
    int count = 0;
    while (count < MOST && sqlite3_step(statement) == SQLITE_ROW) into[count++] = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    must(count > 0, sql);
    return count;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    static sqlite3_int64 guilds[MOST], sessions[MOST];
    must(argc == 4 && sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, 0) == SQLITE_OK, "open");
    sqlite3_int64 count = atoll(argv[2]), batch = atoll(argv[3]);
    sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768", 0, 0, 0);
    int guild_count = all("SELECT guild_id FROM guild_fence WHERE mode = 'serving'", guilds);
    int session_count = all("SELECT shard_id FROM discord_session", sessions);
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *savepoint = prepare("SAVEPOINT job"), *release = prepare("RELEASE job");
    sqlite3_stmt *alone = prepare("SAVEPOINT frame"), *together = prepare("RELEASE frame");
    sqlite3_stmt *cursor = prepare(
        "SELECT num_shards, session_no, seq, session_id, resume_gateway_url, host_epoch FROM discord_session WHERE shard_id = ?1");
    sqlite3_stmt *advance = prepare("UPDATE discord_session SET seq = ?2 WHERE shard_id = ?1");
    sqlite3_stmt *fence = prepare(
        "SELECT guild_id, epoch, mode, move_id, freeze_no, digest, shard_id, session_no, seq, writes, cross_rev"
        " FROM guild_fence WHERE guild_id = ?1");
    sqlite3_stmt *waiting = prepare("SELECT 1 FROM forward WHERE guild_id = ?1 LIMIT 1");
    sqlite3_stmt *settings = prepare("SELECT deletion_log, settings FROM guilds WHERE guild_id = ?1");
    sqlite3_stmt *category = prepare("SELECT category FROM channel_info WHERE guild_id = ?1 AND channel_id = ?2");
    sqlite3_stmt *insert = prepare(
        "INSERT INTO message_stats (guild_id, message_id, author_id, channel_id, channel_category, recipient_id,"
        " char_count, word_count, sent_at, code_stats, link_stats)"
        " VALUES (?1, ?2, ?3, ?4, 'General', NULL, ?5, ?6, ?7, '[]', '[]')"
        " ON CONFLICT (guild_id, message_id) DO NOTHING");
    sqlite3_stmt *progress = prepare(
        "UPDATE guild_fence SET shard_id = ?2, session_no = ?3, seq = ?4, writes = ?5, cross_rev = ?6 WHERE guild_id = ?1");
    double from = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (sqlite3_int64 i = 0; i < count; i++) {
        sqlite3_int64 guild = guilds[i * 7919 % guild_count], session = sessions[i % session_count], writes = 0;
        if (i % batch == 0) run(begin);
        run(savepoint);
        sqlite3_bind_int64(cursor, 1, session);
        run(cursor);
        sqlite3_bind_int64(advance, 1, session);
        sqlite3_bind_int64(advance, 2, 1000000 + i);
        run(advance);
        /* Once to see where the frame goes, once to be allowed to write. */
        for (int twice = 0; twice < 2; twice++) {
            sqlite3_bind_int64(fence, 1, guild);
            must(sqlite3_step(fence) == SQLITE_ROW, "fence");
            writes = sqlite3_column_int64(fence, 9);
            sqlite3_reset(fence);
        }
        sqlite3_bind_int64(waiting, 1, guild);
        run(waiting);
        run(alone);
        sqlite3_bind_int64(settings, 1, guild);
        run(settings);
        sqlite3_bind_int64(category, 1, guild);
        sqlite3_bind_int64(category, 2, 700000000000000000 + i % 60);
        run(category);
        sqlite3_int64 values[] = {guild, 2000000000000000000 + i, 700000000000000000 + i % 2000, 700000000000000000 + i % 60,
                                  i % 300, i % 60, 1700000000000 + i};
        for (int at = 0; at < 7; at++) sqlite3_bind_int64(insert, at + 1, values[at]);
        run(insert);
        run(together);
        sqlite3_int64 now[] = {guild, session, 1, 1000000 + i, writes + 1, 0};
        for (int at = 0; at < 6; at++) sqlite3_bind_int64(progress, at + 1, now[at]);
        run(progress);
        run(release);
        if (i % batch == batch - 1 || i == count - 1) run(commit);
    }
    printf("%.6f %.6f\n", seconds(CLOCK_MONOTONIC) - from, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return 0;
}
