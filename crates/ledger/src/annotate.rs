//! Annotations: properties that are told of an event after it was charged, and use that was never charged.
//!
//! An annotation is a fact of its own, with the properties in its payload: what an event was charged for stays as it
//! was. It moves what reports count of the event to the values that its declared dimensions have now, unless something
//! became of the event in between: then its figures stay where they are, so that what is added later finds them there.

use crate::codec::{boxed_codec, codec_struct};
use crate::{
    Amended, Charge, Cost, Credits, Dimension, EntryId, EventRef, EventTypeNo, Lineage, Millis, Original,
    Position, Rejection, WalletEvent,
};

/// Attach properties to an event that was charged without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnotateRequest {
    /// Of which type. Which event it is stands beside it, since the server finds that.
    pub event_type: EventTypeNo,
    /// What the caller believes that it was charged.
    pub credits: Option<Credits>,
}
codec_struct!(AnnotateRequest { event_type, credits });

/// The event that is annotated, read back from its fact by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    /// Its id.
    pub event: EntryId,
    /// When it was recorded.
    pub recorded_at: Millis,
    /// As it was charged.
    pub original: Original,
}

/// What is remembered of an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Where its fact stands, with the properties beside it.
    pub position: Position,
    /// The declared dimensions that the event's figures were moved to.
    pub dimensions: Vec<Dimension>,
}
codec_struct!(Annotation { position, dimensions });

/// An event as reports counted it, and where they count it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The event, with the dimensions that it had.
    pub of: EventRef,
    /// When it was recorded.
    pub recorded_at: Millis,
    /// How much was done.
    pub lineage: Lineage,
    /// What it cost the operator.
    pub cost: Option<Cost>,
    /// How it was paid.
    pub charge: Charge,
    /// The dimensions that it has now.
    pub dimensions: Vec<Dimension>,
}
codec_struct!(Moved { of, recorded_at, lineage, cost, charge, dimensions });
boxed_codec!(Moved);

/// Attaches properties to an event, once.
///
/// # Errors
/// [`Rejection::Unchanged`] where somebody else was first.
pub(crate) fn annotate(
    amended: Option<&Amended>,
    request: &AnnotateRequest,
    annotated: &Annotated,
    dimensions: &[Dimension],
) -> Result<WalletEvent, Rejection> {
    if amended.is_some_and(|amended| amended.annotation.is_some()) {
        return Err(Rejection::Unchanged);
    }
    let Annotated { event, recorded_at, original } = annotated;
    let moved = (amended.is_none() && original.dimensions.is_empty()).then(|| {
        Box::new(Moved {
            of: EventRef {
                event_type: original.event_type,
                price: original.charge.price,
                at: original.at,
                dimensions: Vec::new(),
            },
            recorded_at: *recorded_at,
            lineage: Lineage { event_type: original.event_type, quantity: original.quantity },
            cost: original.cost,
            charge: original.charge.clone(),
            dimensions: dimensions.to_vec(),
        })
    });
    Ok(WalletEvent::EventAnnotated { request: *request, event: *event, moved })
}
