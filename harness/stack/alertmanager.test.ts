import { expect, test } from 'vitest';
import { localConfig } from './alertmanager.ts';

const options = { rehearse: 1, pagerUrl: 'http://127.0.0.1:9', templates: '/repo/alerts' };

test('every receiver is turned to the pager stub and loses its credentials', () => {
  const local = localConfig(
    {
      global: { slack_api_url_file: '/run/slack', resolve_timeout: '5m' },
      route: {},
      templates: ['page.tmpl'],
      receivers: [
        { name: 'on call', pagerduty_configs: [{ routing_key_file: '/run/key', severity: 'critical' }] },
        { name: 'chat', slack_configs: [{ channel: '#ops', api_url: 'https://example.org/hook' }] },
        {
          name: 'hook',
          webhook_configs: [{ url: 'https://example.org', http_config: {}, send_resolved: true }],
        },
        { name: 'none' },
      ],
    },
    options,
  );
  expect(local.global).toEqual({ resolve_timeout: '5m' });
  expect(local.templates).toEqual(['/repo/alerts/page.tmpl']);
  expect(local.receivers).toEqual([
    {
      name: 'on call',
      pagerduty_configs: [
        { severity: 'critical', url: 'http://127.0.0.1:9/on%20call/pagerduty', routing_key: 'local-stack' },
      ],
    },
    { name: 'chat', slack_configs: [{ channel: '#ops', api_url: 'http://127.0.0.1:9/chat/slack' }] },
    { name: 'hook', webhook_configs: [{ send_resolved: true, url: 'http://127.0.0.1:9/hook/webhook' }] },
    { name: 'none' },
  ]);
});

test('a receiver that would reach the outside world is refused', () => {
  const file = { route: {}, receivers: [{ name: 'mail', email_configs: [{ to: 'a@example.org' }] }] };
  expect(() => localConfig(file, options)).toThrow(/receiver `mail` would reach the outside/);
});

test('without a pager stub no receiver may send anything', () => {
  const file = { route: {}, receivers: [{ name: 'hook', webhook_configs: [{ url: 'http://x' }] }] };
  expect(() => localConfig(file, { ...options, pagerUrl: undefined })).toThrow(/the stack has no pager stub/);
});
