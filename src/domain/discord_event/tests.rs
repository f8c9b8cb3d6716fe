use super::*;

fn parse(raw: &str) -> Result<(Option<u64>, bool), Misfit> {
    let envelope = Envelope::parse(raw)?;
    let Some((name, _)) = envelope.dispatch() else {
        return Ok((None, false));
    };
    let guild = guild_of(name, envelope.data())?;
    let event = Event::parse(name, envelope.data())?;
    Ok((guild.map(crate::domain::ids::GuildId::get), event.is_some()))
}

fn dispatch(name: &str, data: &str) -> String {
    format!(r#"{{"t":"{name}","s":7,"op":0,"d":{data}}}"#)
}

#[test]
fn the_guild_is_found_wherever_the_event_has_it() {
    for (name, data, guild) in [
        ("GUILD_CREATE", r#"{"unavailable":true,"id":"5"}"#, Some(5)),
        ("GUILD_DELETE", r#"{"id":"5"}"#, Some(5)),
        (
            "TYPING_START",
            r#"{"user":{"guild_id":"6"},"guild_id":"5"}"#,
            Some(5),
        ),
        ("TYPING_START", r#"{"guild_id":null}"#, None),
        ("USER_UPDATE", r#"{"id":"5"}"#, None),
        ("RESUMED", "null", None),
    ] {
        assert_eq!(parse(&dispatch(name, data)).unwrap().0, guild, "{name} {data}");
    }
}

#[test]
fn what_is_no_dispatch_is_no_event() {
    assert_eq!(
        parse(r#"{"t":null,"s":null,"op":11,"d":null}"#).unwrap(),
        (None, false)
    );
    assert_eq!(parse(r#"{"op":11}"#).unwrap(), (None, false));
    assert!(parse(r#"{"op":0"#).is_err());
}

#[test]
fn a_misfit_names_the_event_and_the_field() {
    let message = r#"{"guild_id":"5","id":"7","channel_id":"8","author":{"id":"9"},"content":"hi"}"#;
    assert!(parse(&dispatch("MESSAGE_CREATE", message)).unwrap().1);
    for (name, data, text) in [
        (
            "MESSAGE_CREATE",
            message.replace("\"9\"", "9"),
            "MESSAGE_CREATE does not fit at author.id",
        ),
        (
            "MESSAGE_CREATE",
            message.replace("\"9\"", "\"x\""),
            "MESSAGE_CREATE does not fit at author.id",
        ),
        (
            "MESSAGE_CREATE",
            message.replace("\"hi\"", "null"),
            "MESSAGE_CREATE does not fit at content",
        ),
        (
            "MESSAGE_CREATE",
            message.replace("\"5\"", "5"),
            "MESSAGE_CREATE does not fit at guild_id",
        ),
        (
            "MESSAGE_CREATE",
            message.replace("\"7\"", "\"9223372036854775808\""),
            "MESSAGE_CREATE does not fit at id",
        ),
        (
            "MESSAGE_DELETE_BULK",
            r#"{"guild_id":"5","channel_id":"8","ids":["1",null]}"#.into(),
            "MESSAGE_DELETE_BULK does not fit at ids[1]",
        ),
        (
            "GUILD_CREATE",
            r#"{"id":"5","channels":[{"id":"6"}]}"#.into(),
            "GUILD_CREATE does not fit at channels[0]",
        ),
        (
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            r#"{"guild_id":"5","id":"7","action_type":22,"target_id":null}"#.into(),
            "GUILD_AUDIT_LOG_ENTRY_CREATE does not fit at target_id",
        ),
    ] {
        let error = parse(&dispatch(name, &data)).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn an_audit_entry_is_read_by_its_action() {
    let entry = |json: &str| {
        let data = format!(r#"{{"guild_id":"5","id":"7","user_id":"3","target_id":"9",{json}}}"#);
        AuditLogEntry::parse(&data).map(|entry| entry.action)
    };
    let user = UserId::from_i64(9).unwrap();
    assert_eq!(entry(r#""action_type":20"#).unwrap(), AuditAction::Kick(user));
    assert_eq!(entry(r#""action_type":22"#).unwrap(), AuditAction::Ban(user));
    assert_eq!(entry(r#""action_type":23"#).unwrap(), AuditAction::Unban(user));
    assert_eq!(entry(r#""action_type":1"#).unwrap(), AuditAction::Other(1));
    let change = |new: &str| {
        entry(&format!(
            r#""action_type":24,"changes":[{{"key":"nick"}},{{"key":"communication_disabled_until"{new}}}]"#
        ))
    };
    assert_eq!(
        change(r#","new_value":"1970-01-01T00:00:02.000000+00:00""#).unwrap(),
        AuditAction::Timeout(user, TimeoutChange::Until(2_000))
    );
    assert_eq!(
        change("").unwrap(),
        AuditAction::Timeout(user, TimeoutChange::Lifted)
    );
    assert_eq!(
        entry(r#""action_type":24,"changes":[{"key":"nick"}]"#).unwrap(),
        AuditAction::Other(24)
    );
    let error = change(r#","new_value":"tomorrow""#).unwrap_err();
    assert_eq!(error.path, "changes[1].new_value");
}

#[test]
fn text_with_escapes_is_read_and_plain_text_is_borrowed() {
    let data = r#"{"id":"7","channel_id":"8","author":{"id":"9"},"content":"a\n\"b\""}"#;
    let Some(Event::MessageCreate(message)) = Event::parse("MESSAGE_CREATE", data).unwrap() else {
        panic!("a message");
    };
    assert_eq!(message.content, "a\n\"b\"");
    let data = data.replace(r#"a\n\"b\""#, "plain");
    let Some(Event::MessageCreate(message)) = Event::parse("MESSAGE_CREATE", &data).unwrap() else {
        panic!("a message");
    };
    assert!(matches!(message.content, std::borrow::Cow::Borrowed("plain")));
}
