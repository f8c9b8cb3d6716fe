//! What an answer of Discord says about an action.

use super::action::Kind;

/// What came back from a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing was sent: there was no connection.
    NotSent(String),
    /// It was sent, and no whole answer came.
    NoAnswer(String),
    /// An answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Discord's own error code, 0 where there is none.
        code: u32,
        /// What Discord said; empty where it did it.
        message: String,
    },
}

/// What that makes of the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, or was before.
    Done,
    /// It was certainly not done: it is sent again.
    Again(String),
    /// The token is not accepted: nothing can be sent at all.
    BadToken,
    /// The route or the whole bot is over its limit: it was not done.
    Limited,
    /// It may have been done.
    Unknown(String),
    /// A thread is there already: it is looked up.
    ThreadThere,
    /// It will never be done.
    Refused {
        /// Why, for people.
        why: String,
        /// The bot lacks a permission: what is like it will be refused too.
        forbidden: bool,
        /// Where it should have happened is gone.
        place_gone: bool,
    },
}

const UNKNOWN_MEMBER: u32 = 10_007;
const UNKNOWN_CHANNEL: u32 = 10_003;
const THREAD_EXISTS: u32 = 160_004;

/// What a reply to an action of this kind means. Source: Discord, "Opcodes and Status Codes".
pub fn judge(kind: Kind, reply: &Reply) -> Verdict {
    let (status, code, message) = match reply {
        Reply::NotSent(why) => return Verdict::Again(why.clone()),
        Reply::NoAnswer(why) => return Verdict::Unknown(why.clone()),
        Reply::Answer {
            status,
            code,
            message,
        } => (*status, *code, message),
    };
    match status {
        200..=299 => Verdict::Done,
        401 => Verdict::BadToken,
        429 => Verdict::Limited,
        // It is gone already: what was wanted is so.
        404 if kind.is_done_when_gone() || code == UNKNOWN_MEMBER && kind.is_about_a_member() => {
            Verdict::Done
        }
        400 if kind == Kind::StartThread && code == THREAD_EXISTS => Verdict::ThreadThere,
        400..=499 => Verdict::Refused {
            why: refusal(kind, status, code, message),
            forbidden: status == 403,
            place_gone: code == UNKNOWN_CHANNEL,
        },
        // 5xx, and what no server should say.
        _ => Verdict::Unknown(format!("Discord answered {status}")),
    }
}

fn refusal(kind: Kind, status: u16, code: u32, message: &str) -> String {
    let said = format!("Discord answered {status} ({code}): {message}");
    if status == 403 {
        format!(
            "{said}; the bot needs {} and a role above the member's",
            kind.permission()
        )
    } else {
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: u32) -> Reply {
        Reply::Answer {
            status,
            code,
            message: String::new(),
        }
    }

    #[test]
    fn what_is_gone_is_done_and_what_may_have_been_done_is_unknown() {
        for kind in Kind::ALL {
            assert_eq!(judge(kind, &answer(204, 0)), Verdict::Done);
            assert_eq!(judge(kind, &answer(429, 0)), Verdict::Limited);
            assert_eq!(judge(kind, &answer(401, 0)), Verdict::BadToken);
            assert!(matches!(judge(kind, &answer(500, 0)), Verdict::Unknown(_)));
            assert!(matches!(
                judge(kind, &Reply::NoAnswer(String::new())),
                Verdict::Unknown(_)
            ));
            assert!(matches!(
                judge(kind, &Reply::NotSent(String::new())),
                Verdict::Again(_)
            ));
            let gone = matches!(kind, Kind::DeleteMessage | Kind::Kick | Kind::Unban);
            assert_eq!(
                judge(kind, &answer(404, 10_008)) == Verdict::Done,
                gone,
                "{kind:?}"
            );
            let left = gone || matches!(kind, Kind::TimeOut | Kind::GiveRole);
            assert_eq!(
                judge(kind, &answer(404, 10_007)) == Verdict::Done,
                left,
                "{kind:?}"
            );
            let Verdict::Refused { forbidden, why, .. } = judge(kind, &answer(403, 50_013)) else {
                panic!("{kind:?}");
            };
            assert!(forbidden && why.contains(kind.permission()), "{why}");
        }
        assert_eq!(
            judge(Kind::StartThread, &answer(400, 160_004)),
            Verdict::ThreadThere
        );
        assert!(matches!(
            judge(Kind::Post, &answer(404, 10_003)),
            Verdict::Refused { place_gone: true, .. }
        ));
    }
}
