//! The metrics of one replication.

use super::Value;
use crate::protocol::Fault;
use crate::recorder::{ClassRecord, Spared};
use crate::units::{Money, SimDuration};

/// What bears on the figures besides the record itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bill {
    /// What the calls cost.
    pub usage: Money,
    /// What those of a mean month cost at this pace, where that is not in proportion.
    pub of_month: Option<Money>,
    /// What is paid for the measured time whatever is used: the subscription, nothing where that is unknown, and what is
    /// reserved; and the way of calls over the network.
    pub fixed: Money,
    /// How many mean months that is.
    pub months: f64,
}

impl Bill {
    /// What `part` of the calls cost, of all that were charged one by one at `charged` in all.
    fn of(&self, part: Money, charged: Money) -> Value {
        match charged {
            Money::ZERO => Value::Is(0.0),
            _ => Value::Is(self.usage.portion(part, charged).as_usd_f64()),
        }
    }
}

macro_rules! metrics {
    ($(#[doc = $doc:literal] $metric:ident = $name:literal,)+) => {
        /// A figure of a run. Rates are fractions, times seconds, money US dollars.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric { $(#[doc = $doc] $metric,)+ }

        impl Metric {
            /// All of them, in the order in which they are printed.
            pub const ALL: &[Metric] = &[$(Metric::$metric,)+];

            /// The name in results.
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$metric => $name,)+ }
            }

            /// A line about it.
            pub const fn about(self) -> &'static str {
                match self { $(Metric::$metric => $doc,)+ }
            }
        }
    };
}

metrics! {
    /// Requests that arrived.
    Offered = "offered",
    /// Requests that were answered.
    Served = "served",
    /// Requests that never were.
    Failed = "failed",
    /// Requests without an outcome at the end of the run.
    Pending = "pending",
    /// Calls to the API.
    Attempts = "attempts",
    /// Calls that a limit refused: with 429, or for good.
    RejectedAttempts = "rejected_attempts",
    /// Those among all calls.
    AttemptRejectionRate = "attempt_rejection_rate",
    /// Requests whose first call was so refused, among those that were called for.
    FirstAttemptRejectionRate = "first_attempt_rejection_rate",
    /// Calls that the provider failed.
    Errors = "errors",
    /// Those of them that broke off with 500.
    Errors500 = "errors_500",
    /// Those that found the service unavailable.
    Errors503 = "errors_503",
    /// Those that had no answer in time.
    Errors504 = "errors_504",
    /// Those that found it overloaded.
    Errors529 = "errors_529",
    /// Those whose answer ended half-way.
    ErrorsDropped = "errors_dropped",
    /// Calls that the provider did not fail, among all; a 429 is no failure of the provider.
    Availability = "availability",
    /// Failed requests among all.
    FailureRate = "failure_rate",
    /// Calls made, for each request answered.
    AttemptsPerServed = "attempts_per_served",
    /// Calls made, for each request that arrived: by how much the client amplifies its traffic.
    CallsPerRequest = "calls_per_request",
    /// Calls made because earlier ones for the same request, or for the same part of its answer, had failed.
    RetryCalls = "retry_calls",
    /// Those among all calls.
    RetryCallRate = "retry_call_rate",
    /// Calls made while another for the same request was under way.
    HedgedCalls = "hedged_calls",
    /// Retries that the client's budget denied.
    DeniedRetries = "denied_retries",
    /// Calls that the client turned down itself, by its breaker or its throttle.
    TurnedDownCalls = "turned_down_calls",
    /// Times that a breaker of the client opened.
    BreakerOpenings = "breaker_openings",
    /// Mean latency of the answered.
    LatencyMean = "latency_mean_s",
    /// Median latency of the answered.
    LatencyP50 = "latency_p50_s",
    /// 90th percentile of the same.
    LatencyP90 = "latency_p90_s",
    /// 95th percentile of the same.
    LatencyP95 = "latency_p95_s",
    /// 99th percentile of the same.
    LatencyP99 = "latency_p99_s",
    /// The longest latency of the answered.
    LatencyMax = "latency_max_s",
    /// Median latency of all requests, one that was never answered counted as never.
    LatencyAllP50 = "latency_all_p50_s",
    /// 90th percentile of the same.
    LatencyAllP90 = "latency_all_p90_s",
    /// 95th percentile of the same.
    LatencyAllP95 = "latency_all_p95_s",
    /// 99th percentile of the same.
    LatencyAllP99 = "latency_all_p99_s",
    /// Mean time that the answered waited for a slot of the client.
    QueueWaitMean = "queue_wait_mean_s",
    /// Mean time that they were held back by pacing or steering while a slot was free.
    PacingWaitMean = "pacing_wait_mean_s",
    /// Mean time that they spent between attempts.
    RetryWaitMean = "retry_wait_mean_s",
    /// Mean time that they waited within the provider.
    ProviderWaitMean = "provider_wait_mean_s",
    /// Mean time that they waited for others, to share a call.
    JoiningWaitMean = "joining_wait_mean_s",
    /// Mean time that the provider, or a cache, worked on them.
    ServiceMean = "service_mean_s",
    /// Requests answered a second, over the measured time.
    Throughput = "throughput_per_s",
    /// Prompt tokens of the answered.
    InputTokens = "input_tokens",
    /// Completion tokens of the answered.
    OutputTokens = "output_tokens",
    /// What the measured time cost: usage, and the subscription by the share of a month.
    Cost = "cost_usd",
    /// The same for a thousand answered requests.
    CostPer1000Served = "cost_per_1000_served_usd",
    /// What the first call of each request cost that was charged at all. Refused calls cost nothing.
    FirstAttemptCost = "first_attempt_cost_usd",
    /// What further calls for the same requests cost.
    RetryCost = "retry_cost_usd",
    /// The part of both that went to calls which led to no answer.
    WastedCost = "wasted_cost_usd",
    /// What it cost to carry calls over the network.
    TransferCost = "transfer_cost_usd",
    /// Requests answered from a cache, among the answered.
    CacheHitRate = "cache_hit_rate",
    /// Requests answered by the answer to another one for the same.
    Coalesced = "coalesced",
    /// Requests answered in a call that another one of their batch had.
    Batched = "batched",
    /// Calls for the rest of an answer that was cut off.
    ReAsks = "re_asks",
    /// The bill of a mean month (30.44 days) at this pace.
    MonthlyCost = "monthly_cost_usd",
}

/// One value of every metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample(Vec<Value>);

impl Sample {
    /// The figures of `class` over a `measured` span that cost so much.
    pub fn of(class: &ClassRecord, measured: SimDuration, bill: Bill) -> Self {
        Sample(Metric::ALL.iter().map(|&metric| value(metric, class, measured, bill)).collect())
    }

    /// The value of `metric`.
    pub fn get(&self, metric: Metric) -> Value {
        self.0[metric as usize]
    }
}

fn value(metric: Metric, class: &ClassRecord, measured: SimDuration, bill: Bill) -> Value {
    let count = |n: u64| Value::Is(n as f64);
    let share = |n: u64, of: u64| Value::ratio(n as f64, of as f64);
    let spared = |how: Spared| class.spared[how as usize];
    let errors = |fault: Fault| count(class.errors[fault as usize]);
    let seconds = |d: Option<SimDuration>| d.map_or(Value::Undefined, |d| Value::Is(d.as_secs_f64()));
    let mean = |nanos: u128| Value::ratio(nanos as f64 / 1e9, class.served() as f64);
    let of_all = |q| match (class.offered, class.latency.quantile_of(q, class.offered)) {
        (0, _) => Value::Undefined,
        (_, Some(latency)) => Value::Is(latency.as_secs_f64()),
        (_, None) => Value::Never,
    };
    let cost = bill.usage.saturating_add(bill.fixed).as_usd_f64();
    let charged = class.charges.total();
    match metric {
        Metric::Offered => count(class.offered),
        Metric::Served => count(class.served()),
        Metric::Failed => count(class.failed()),
        Metric::Pending => count(class.pending),
        Metric::Attempts => count(class.attempts()),
        Metric::RejectedAttempts => count(class.rejected()),
        Metric::AttemptRejectionRate => share(class.rejected(), class.attempts()),
        Metric::FirstAttemptRejectionRate => share(class.first_rejected(), class.offered),
        Metric::Errors => count(class.failed_calls()),
        Metric::Errors500 => errors(Fault::Internal),
        Metric::Errors503 => errors(Fault::Unavailable),
        Metric::Errors504 => errors(Fault::Timeout),
        Metric::Errors529 => errors(Fault::Overloaded),
        Metric::ErrorsDropped => errors(Fault::Dropped),
        Metric::Availability => share(class.attempts() - class.failed_calls(), class.attempts()),
        Metric::FailureRate => share(class.failed(), class.offered),
        Metric::AttemptsPerServed => share(class.attempts(), class.served()),
        Metric::CallsPerRequest => share(class.attempts(), class.offered),
        Metric::RetryCalls => count(class.retried),
        Metric::RetryCallRate => share(class.retried, class.attempts()),
        Metric::HedgedCalls => count(class.hedged),
        Metric::DeniedRetries => count(class.denied),
        Metric::TurnedDownCalls => count(class.turned_down),
        Metric::BreakerOpenings => count(class.breaker_openings),
        Metric::LatencyMean => class.latency.mean_s().map_or(Value::Undefined, Value::Is),
        Metric::LatencyP50 => seconds(class.latency.quantile(0.50)),
        Metric::LatencyP90 => seconds(class.latency.quantile(0.90)),
        Metric::LatencyP95 => seconds(class.latency.quantile(0.95)),
        Metric::LatencyP99 => seconds(class.latency.quantile(0.99)),
        Metric::LatencyMax => seconds(class.latency.max()),
        Metric::LatencyAllP50 => of_all(0.50),
        Metric::LatencyAllP90 => of_all(0.90),
        Metric::LatencyAllP95 => of_all(0.95),
        Metric::LatencyAllP99 => of_all(0.99),
        Metric::QueueWaitMean => mean(class.queued),
        Metric::PacingWaitMean => mean(class.paced),
        Metric::RetryWaitMean => mean(class.backed_off()),
        Metric::ProviderWaitMean => mean(class.held_up),
        Metric::JoiningWaitMean => mean(class.joining),
        Metric::ServiceMean => mean(class.service),
        Metric::Throughput => Value::ratio(class.served() as f64, measured.as_secs_f64()),
        Metric::InputTokens => count(class.input_tokens),
        Metric::OutputTokens => count(class.output_tokens),
        Metric::Cost => Value::Is(cost),
        Metric::CostPer1000Served => Value::ratio(cost * 1_000.0, class.served() as f64),
        Metric::FirstAttemptCost => bill.of(class.charges.first, charged),
        Metric::RetryCost => bill.of(class.charges.retry, charged),
        Metric::WastedCost => bill.of(class.charges.wasted, charged),
        Metric::TransferCost => Value::Is(class.transfer.as_usd_f64()),
        Metric::CacheHitRate if class.served() == 0 => Value::Is(0.0),
        Metric::CacheHitRate => share(spared(Spared::Cache), class.served()),
        Metric::Coalesced => count(spared(Spared::Coalesced)),
        Metric::Batched => count(spared(Spared::Batched)),
        Metric::ReAsks => count(class.continued),
        Metric::MonthlyCost => Value::Is(match bill.of_month {
            Some(usage) => usage.as_usd_f64() + bill.fixed.as_usd_f64() * bill.months.recip(),
            None => cost * bill.months.recip(),
        }),
    }
}
