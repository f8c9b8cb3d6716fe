//! Tickets to IDENTIFY.

use axum::extract::State;

use super::Shared;
use crate::client::config_api::{BudgetRequest, TicketAnswer, TicketRequest};
use crate::config_service::failure::{Failure, no_ticket};
use crate::config_service::reply::{Done, Outcome, Reply};
use crate::runtime::extract::Json;
use crate::runtime::problem::Problem;
use crate::store::config_db::{BudgetReport, Stamped, TicketAsk};

/// More than any bot has: what is above it is a mistake.
const MOST_IDENTIFIES: u32 = 1_000_000;
/// The count starts anew every day.
const LONGEST_RESET_MS: i64 = 48 * 3_600 * 1_000;

/// `POST /v1/identify/tickets`.
pub(super) async fn ticket(State(service): Shared, Json(ask): Json<TicketRequest>) -> Outcome<TicketAnswer> {
    let ask = TicketAsk {
        pod: ask.pod,
        incarnation: ask.incarnation,
        shard: ask.discord_shard,
        host_epoch: ask.host_epoch,
    };
    let Stamped { value, stamp } = service.db.ticket(&ask).await?;
    match value {
        Ok(ticket) => Ok(Reply::from_store(Stamped { value: ticket, stamp }, |ticket| {
            TicketAnswer {
                session_no: ticket.session_no,
                valid_ms: ticket.valid_ms,
                remaining: ticket.remaining,
            }
        })),
        Err(refused) => Err(Failure::stamped(no_ticket(&refused), stamp)),
    }
}

/// `PUT /v1/identify/budget`.
pub(super) async fn budget(State(service): Shared, Json(ask): Json<BudgetRequest>) -> Outcome<Done> {
    if ask.total > MOST_IDENTIFIES || ask.remaining > ask.total {
        return Err(
            Problem::bad_request("remaining must not be above total, nor total above 1000000").into(),
        );
    }
    if !(0..=LONGEST_RESET_MS).contains(&ask.resets_in_ms) {
        return Err(Problem::bad_request("resets_in_ms must be between 0 and two days").into());
    }
    if ask.max_concurrency.get() > 16_384 {
        return Err(Problem::bad_request("max_concurrency must not be above 16384").into());
    }
    let report = BudgetReport {
        total: ask.total,
        remaining: ask.remaining,
        resets_in_ms: ask.resets_in_ms,
        max_concurrency: ask.max_concurrency,
    };
    let reserve = service.settings.identify_reserve;
    Ok(Reply::done(
        &service.db.report_budget(ask.pod, &report, reserve).await?,
    ))
}
