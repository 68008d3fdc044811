#include "control/report/latency.h"
#include "dataplane/latency/histogram.h"

namespace skyhop::report {

Latency latency_of(const dataplane::Histogram& histogram) {
  return {.samples = histogram.total(),
          .min = histogram.min(),
          .p50 = histogram.percentile(0.5),
          .p90 = histogram.percentile(0.9),
          .p99 = histogram.percentile(0.99),
          .p999 = histogram.percentile(0.999),
          .max = histogram.max()};
}

}  // namespace skyhop::report
