//! Model invocation logs of Amazon Bedrock as CloudWatch wraps them: each record is the message of a log event, an object or a
//! text, in the events of `filter-log-events`, in the results of Logs Insights or in a table with one column for it. The event
//! has a time of its own, that of its arrival at CloudWatch; the record's counts.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::layout::Test;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &["", "events"], has: &["message.schemaType", "message.modelId"], lacks: &[] },
        Looks::Keys { roots: &["", "results"], has: &["@message.schemaType", "@message.modelId"], lacks: &[] },
    ],
    time: &["message.timestamp", "@message.timestamp"],
    clock: Clocks::Dates,
    input: &[
        &["message.input.inputTokenCount", "@message.input.inputTokenCount"],
        &["message.input.cacheReadInputTokenCount", "@message.input.cacheReadInputTokenCount"],
        &["message.input.cacheWriteInputTokenCount", "@message.input.cacheWriteInputTokenCount"],
    ],
    cached: &[&["message.input.cacheReadInputTokenCount", "@message.input.cacheReadInputTokenCount"]],
    output: &[&["message.output.outputTokenCount", "@message.output.outputTokenCount"]],
    keep: &[(
        &["message.schemaType", "@message.schemaType"],
        Test::Is(&["ModelInvocationLog"]),
        "records of another kind",
    )],
    failed: Some((&["message.errorCode", "@message.errorCode"], Outcome::Error)),
    ..Format::NONE
};
