/* The statements of a small fenced write, in a loop: small_transactions FILE GUILD COUNT BATCH FIRST
 * Prints the seconds that COUNT of them took, committed and synced in transactions of BATCH. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sqlite3.h"

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

int main(int argc, char **argv) {
    sqlite3_int64 guild = atoll(argv[2]), count = atoll(argv[3]), batch = atoll(argv[4]), first = atoll(argv[5]);
    must(argc == 6 && sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, 0) == SQLITE_OK, "open");
    sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768", 0, 0, 0);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, 0);
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *savepoint = prepare("SAVEPOINT job"), *release = prepare("RELEASE job");
    sqlite3_stmt *fence = prepare(
        "SELECT guild_id, epoch, mode, move_id, freeze_no, digest, shard_id, session_no, seq, writes, cross_rev"
        " FROM guild_fence WHERE guild_id = ?1");
    sqlite3_stmt *insert = prepare(
        "INSERT INTO message_stats (guild_id, message_id, author_id, channel_id, char_count, word_count, sent_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    sqlite3_stmt *progress = prepare(
        "UPDATE guild_fence SET shard_id = ?2, session_no = ?3, seq = ?4, writes = ?5, cross_rev = ?6 WHERE guild_id = ?1");
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (sqlite3_int64 i = 0; i < count; i++) {
        if (i % batch == 0) run(begin);
        run(savepoint);
        sqlite3_bind_int64(fence, 1, guild);
        must(sqlite3_step(fence) == SQLITE_ROW, "fence");
        sqlite3_int64 writes = sqlite3_column_int64(fence, 9);
        sqlite3_reset(fence);
        sqlite3_int64 values[] = {guild, first + i, 700000000000000000 + i % 2000, 700000000000000000 + i % 60, i % 300, i % 60, 1700000000000 + i};
        for (int at = 0; at < 7; at++) sqlite3_bind_int64(insert, at + 1, values[at]);
        run(insert);
        sqlite3_int64 now[] = {guild, 3, 1, i + 1, writes + 1, 0};
        for (int at = 0; at < 6; at++) sqlite3_bind_int64(progress, at + 1, now[at]);
        run(progress);
        run(release);
        if (i % batch == batch - 1 || i == count - 1) run(commit);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.6f\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
