//! Which way each class travels, and what that makes of it: what is only sent is strict, what is received takes the unknown.

use std::collections::BTreeSet;

use super::error::TypegenError;
use super::model::{Body, Class, Direction, Doc, Model, Shape};
use super::names;

/// A class that only requests of the client and answers to the server use is strict; every other is lenient.
pub(super) fn set_directions(model: &mut Model) {
    let client = model.client_methods.iter();
    let server = model.server_requests.iter();
    let sent_roots: Vec<&str> = client
        .clone()
        .filter_map(|method| method.params.as_deref())
        .chain(server.clone().filter_map(|method| method.response.as_deref()))
        .collect();
    let sent: BTreeSet<String> = model.closure(sent_roots).into_iter().map(ToOwned::to_owned).collect();
    let received_roots: Vec<&str> = client
        .filter_map(|method| method.response.as_deref())
        .chain(server.filter_map(|method| method.params.as_deref()))
        .chain(model.notifications.iter().filter_map(|(method, _)| method.params.as_deref()))
        .chain(model.classes.keys().map(String::as_str).filter(|name| !sent.contains(*name)))
        .collect();
    let received: BTreeSet<String> = model.closure(received_roots).into_iter().map(ToOwned::to_owned).collect();
    for (name, class) in &mut model.classes {
        let strict = sent.contains(name) && !received.contains(name);
        class.direction = if strict { Direction::Sent } else { Direction::Received };
    }
}

/// Gives every received union of objects the class that takes what fits none of its arms.
pub(super) fn add_fallbacks(model: &mut Model) -> Result<(), TypegenError> {
    let mut fallbacks = Vec::new();
    for (name, class) in &model.classes {
        let Body::Union { arms, tag, .. } = &class.body else { continue };
        let has_objects = arms.iter().any(|arm| {
            matches!(arm, Shape::Named(arm)
                if model.classes.get(arm).is_some_and(|class| matches!(class.body, Body::Model { .. } | Body::Union { .. })))
        });
        let takes_all = arms.iter().any(|arm| matches!(arm, Shape::Anything | Shape::Object));
        if class.direction != Direction::Received || !has_objects || takes_all {
            continue;
        }
        // Some unions have a variant of the tag `unknown`, which owns the usual name.
        let free = ["Unknown", "Unrecognized"]
            .into_iter()
            .map(|prefix| format!("{prefix}{name}"))
            .find(|fallback| !model.classes.contains_key(fallback))
            .ok_or_else(|| TypegenError::NameTaken {
                name: format!("Unknown{name}"),
                pointer: format!("#/definitions/{name}"),
            })?;
        let tag = tag.as_ref().and_then(|tag| Some((tag.clone(), names::field(tag)?)));
        fallbacks.push((name.clone(), free, tag, class.definition.clone()));
    }
    for (union, name, tag, definition) in fallbacks {
        if let Some(Class { body: Body::Union { fallback, .. }, .. }) = model.classes.get_mut(&union) {
            *fallback = Some(name.clone());
        }
        let body = Body::Fallback { union, tag };
        let class = Class { name: name.clone(), definition, body, doc: Doc::default(), direction: Direction::Received };
        model.classes.insert(name, class);
    }
    Ok(())
}
