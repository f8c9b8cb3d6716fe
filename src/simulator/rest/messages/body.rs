//! What a message is asked to say.

use serde_json::Value;

use super::super::call::Call;
use super::super::error::ApiError;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::message::{Body, Reference};

/// Characters of a message.
const MOST_CHARACTERS: usize = 2000;

fn content(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let content: Option<String> = call.field("content")?;
    if content
        .as_ref()
        .is_some_and(|content| content.chars().count() > MOST_CHARACTERS)
    {
        return Err(ApiError::form("content", "Must be 2000 or fewer in length."));
    }
    Ok(content)
}

fn list(call: &Call<'_>, field: &str, most: usize) -> Result<Option<Vec<Value>>, ApiError> {
    let list: Option<Vec<Value>> = call.field(field)?;
    if list.as_ref().is_some_and(|list| list.len() > most) {
        return Err(ApiError::form(
            field,
            &format!("Must be {most} or fewer in length."),
        ));
    }
    Ok(list)
}

/// Embeds as Discord gives them back: with a type, and fields that say whether they are inline.
fn embeds(call: &Call<'_>) -> Result<Option<Vec<Value>>, ApiError> {
    let mut embeds = list(call, "embeds", 10)?;
    for embed in embeds.iter_mut().flatten() {
        let Some(map) = embed.as_object_mut() else {
            return Err(ApiError::form(
                "embeds",
                "Only dictionaries may be used in an EmbedType",
            ));
        };
        map.entry("type").or_insert_with(|| "rich".into());
        let fields = map.get_mut("fields").and_then(Value::as_array_mut);
        for field in fields.into_iter().flatten().filter_map(Value::as_object_mut) {
            field.entry("inline").or_insert(Value::Bool(false));
        }
    }
    Ok(embeds)
}

/// Components as Discord gives them back: each with an id, counted from 1 in order.
fn components(call: &Call<'_>) -> Result<Option<Vec<Value>>, ApiError> {
    let mut components = list(call, "components", 40)?;
    let mut next = 1;
    for component in components.iter_mut().flatten() {
        number(component, &mut next);
    }
    Ok(components)
}

fn number(component: &mut Value, next: &mut u64) {
    let Some(map) = component.as_object_mut() else {
        return;
    };
    map.entry("id").or_insert_with(|| (*next).into());
    *next += 1;
    let inner = map.get_mut("components").and_then(Value::as_array_mut);
    inner.into_iter().flatten().for_each(|inner| number(inner, next));
}

/// The message that the body describes; refuses an empty one.
pub(in crate::simulator::rest) fn read(call: &Call<'_>, channel: Snowflake) -> Result<Body, ApiError> {
    let body = Body {
        content: content(call)?.unwrap_or_default(),
        embeds: embeds(call)?.unwrap_or_default(),
        components: components(call)?.unwrap_or_default(),
        attachments: Vec::new(),
        stickers: Vec::new(),
        flags: call.field("flags")?.unwrap_or_default(),
        reference: reference(call, channel)?,
    };
    let forwards = body.reference.is_some_and(|reference| reference.forward);
    let empty = body.content.trim().is_empty() && body.embeds.is_empty() && body.components.is_empty();
    if empty && !forwards {
        Err(ApiError::EMPTY)
    } else {
        Ok(body)
    }
}

fn reference(call: &Call<'_>, channel: Snowflake) -> Result<Option<Reference>, ApiError> {
    let Some(wanted) = call.field::<Value>("message_reference")? else {
        return Ok(None);
    };
    // Discord takes ids as numbers too.
    let id = |key: &str| serde_json::from_value::<Snowflake>(wanted[key].clone()).ok();
    let message = id("message_id").ok_or_else(|| ApiError::form("message_reference", "Unknown message"))?;
    let channel = id("channel_id").unwrap_or(channel);
    let forward = wanted["type"] == 1;
    if call.state.world.messages.get(channel, message).is_some() {
        return Ok(Some(Reference {
            channel,
            message,
            forward,
        }));
    }
    if wanted["fail_if_not_exists"] == false {
        return Ok(None);
    }
    Err(ApiError::form("message_reference", "Unknown message"))
}

/// Changes a message as the body says; a field left out stays.
pub(in crate::simulator::rest) fn edit(
    call: &mut Call<'_>,
    channel: Snowflake,
    id: Snowflake,
) -> Result<(), ApiError> {
    let (content, embeds, parts) = (content(call)?, embeds(call)?, components(call)?);
    let flags: Option<u64> = call.field("flags")?;
    let (clears_content, clears_embeds) = (call.names("content"), call.names("embeds"));
    let found = call.state.edit_message(channel, id, |body| {
        if clears_content {
            body.content = content.unwrap_or_default();
        }
        if clears_embeds {
            body.embeds = embeds.unwrap_or_default();
        }
        body.components = parts.unwrap_or_else(|| std::mem::take(&mut body.components));
        body.flags = flags.unwrap_or(body.flags);
    });
    if found { Ok(()) } else { Err(ApiError::MESSAGE) }
}
