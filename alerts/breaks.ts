interface Break {
  file: string;
  name: string;
  from: string;
  to: string;
}

const of = (file: string, rows: readonly (readonly [string, string, string])[]): Break[] =>
  rows.map(([name, from, to]) => ({ file, name, from, to }));

const mono = of('mono.rules.yml', [
  ['a rate threshold of 4', '[5m])) >= 5', '[5m])) >= 4'],
  ['a rate threshold of 6', '[5m])) >= 5', '[5m])) >= 6'],
  ['a rate over its threshold only', '[5m])) >= 5', '[5m])) > 5'],
  ['another range', '[5m]', '[15m]'],
  ['a streak threshold of 4', '"mono"}) >= 5', '"mono"}) >= 4'],
  ['a streak threshold of 6', '"mono"}) >= 5', '"mono"}) >= 6'],
  ['a streak over its threshold only', '"mono"}) >= 5', '"mono"}) > 5'],
  ['no waiting for failures', 'for: 5m', 'for: 0s'],
  ['longer waiting for failures', 'for: 5m', 'for: 6m'],
  ['a quantile threshold that includes 2', ') > 2', ') >= 2'],
  ['a higher quantile threshold', ') > 2', ') > 3'],
  ['another quantile', '0.95', '0.9'],
  ['all stages', ', stage="sync"', ''],
  ['no waiting for latency', 'for: 10m', 'for: 0s'],
  ['longer waiting for latency', 'for: 10m', 'for: 12m'],
  ['zero runs compared the other way', '[1h])) > 0', '[1h])) < 0'],
  ['zero runs over one', '[1h])) > 0', '[1h])) > 1'],
  ['a shorter look back for zero runs', '[1h]', '[10m]'],
  ['errors of any provider', 'errors_total{provider="mono"}', 'errors_total'],
  ['streaks of any provider', 'failure_streak{provider="mono"}', 'failure_streak'],
  ['zero runs of any provider', 'zero_transactions_total{provider="mono"}', 'zero_transactions_total'],
  ['latency of any provider', 'provider="mono", stage', 'stage'],
  ['another severity', 'severity: info', 'severity: warning'],
]);

const economy = of('economy.rules.yml', [
  ['what never answered', 'max_over_time(up{job="taxpoynt-backend"}[1d]) == 1', 'up == 0'],
  ['no waiting for an instance', 'for: 2m', 'for: 0s'],
  ['longer waiting for an instance', 'for: 2m', 'for: 3m'],
  ['refusals as errors', 'status=~"5.."', 'status=~"[45].."'],
  ['another severity of what is down', 'severity: critical', 'severity: warning'],
  ['an error share of 4 %', '> 0.05', '> 0.04'],
  ['an error share of 7 %', '> 0.05', '> 0.07'],
  ['few answers as a share', '>= 20', '>= 10'],
  ['more answers for a share', '>= 20', '>= 600'],
  ['no waiting for errors', 'for: 5m', 'for: 0s'],
  ['longer waiting for errors', 'for: 5m', 'for: 6m'],
  ['a lower quantile threshold', '> 0.8', '> 0.75'],
  ['a higher quantile threshold', '> 0.8', '> 0.85'],
  ['another quantile', '0.95', '0.9'],
  ['few answers as a quantile', '>= 8', '>= 2'],
  ['more answers for a quantile', '>= 8', '>= 600'],
  ['no waiting for latency', 'for: 10m', 'for: 0s'],
  ['longer waiting for latency', 'for: 10m', 'for: 12m'],
]);

const moderation = of('moderation.rules.yml', [
  ['a deny share of 4 %', '> 0.05', '> 0.04'],
  ['a deny share of 7 %', '> 0.05', '> 0.07'],
  [
    'few decisions as a share',
    'moderation_gate_decisions_total[10m])) >= 20',
    'moderation_gate_decisions_total[10m])) >= 5',
  ],
  [
    'more decisions for a share',
    'moderation_gate_decisions_total[10m])) >= 20',
    'moderation_gate_decisions_total[10m])) >= 2000',
  ],
  ['denials as enforcement', '[1h])) == 0', '[1h])) >= 0'],
  ['fewer decisions without a denial', '>= 100', '>= 50'],
  ['more decisions without a denial', '>= 100', '>= 400'],
  ['enforcement that is off', '"}) == 1', '"}) <= 1'],
  ['any flag', '{flag="PURCHASE_ENFORCEMENT_ENABLED"}', ''],
  ['a lower quantile threshold', '> 0.15', '> 0.14'],
  ['a higher quantile threshold', '> 0.15', '> 0.17'],
  ['another quantile', '0.95', '0.9'],
  ['few decisions as a quantile', 'count[5m])) >= 20', 'count[5m])) >= 5'],
  ['no waiting for the gate', 'for: 5m', 'for: 0s'],
  ['longer waiting for the gate', 'for: 5m', 'for: 7m'],
  ['a hit rate of 68 %', '< 0.7', '< 0.68'],
  ['a hit rate of 72 %', '< 0.7', '< 0.72'],
  ['few questions as a rate', 'misses_total[10m])) >= 20', 'misses_total[10m])) >= 5'],
  ['two samples left out', '[15m])) > 0', '[15m])) > 1'],
  ['samples left out, compared the other way', '[15m])) > 0', '[15m])) >= 0'],
  ['a longer look back for samples', '[15m]', '[30m]'],
]);

/** Ways to break a rule, each of which its unit tests have to notice; what is replaced stands there once. */
export const breaks = [...mono, ...economy, ...moderation];
