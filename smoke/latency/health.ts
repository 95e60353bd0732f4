import { check } from 'k6';
import http from 'k6/http';

/** Health as a load balancer asks for it, the database included. */
export default function (): void {
  const health = http.get(`${__ENV.BASE_URL}/healthz`, { tags: { name: 'healthz' } });
  check(health, {
    'healthz answers 200': ({ status }) => status === 200,
    'healthz reaches the database': (answer) => answer.status === 200 && answer.json('db_ok') === true,
  });
  const ready = http.get(`${__ENV.BASE_URL}/readyz`, { tags: { name: 'readyz' } });
  check(ready, {
    'readyz answers 200': ({ status }) => status === 200,
    'readyz is ready': (answer) => answer.status === 200 && answer.json('ready') === true,
  });
}
