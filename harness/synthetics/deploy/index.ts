import { nearest } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import type { Exportable, Loss } from '../export/define.ts';
import type { Connection, Plan, Service, Surroundings, Wanted } from './define.ts';
import { distinct } from './marker.ts';
import { planOf } from './plan.ts';

export type { Connection, Difference, FieldChange, Plan, Service, Wanted } from './define.ts';

type Load = () => Promise<{ service: Service }>;

/** One lazy, sorted line a service. */
const services: Readonly<Record<string, Load>> = {
  checkly: () => import('./checkly/checkly.ts'),
  datadog: () => import('./datadog/datadog.ts'),
  newrelic: () => import('./newrelic/newrelic.ts'),
};

export const serviceNames = Object.keys(services);

/** The service of a name, or USAGE. */
export async function loadService(name: string): Promise<Service> {
  const load = Object.hasOwn(services, name) ? services[name] : undefined;
  if (load) return (await load()).service;
  const near = nearest(name, serviceNames);
  throw new CountersignError('USAGE', `there is no service \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `services: ${serviceNames.join(', ')}`,
  });
}

/** What is to be deployed, and whereto. */
export interface DeployOrder {
  /** Name of a service. */
  to: string;
  /** A file as it is in the environment, by `resolveFor`. */
  definition: Exportable;
  environment: string;
  /** Of the file; tests are found again by it. Letters, digits, `.`, `_` and `-`. */
  id: string;
  /** As of the export target of the same name. */
  settings: Readonly<Record<string, string>>;
}

export interface Deployment {
  service: Service;
  wanted: Wanted[];
  losses: Loss[];
  /** Opens a connection; throws SECRET_MISSING without credentials. */
  connect(surroundings: Surroundings): Connection;
}

/** The tests of a file as a service is to hold them. Nothing is asked. Nothing to deploy is NO_DATA. */
export async function prepareDeployment(order: DeployOrder): Promise<Deployment> {
  const { to, definition, environment, id, settings } = order;
  const service = await loadService(to);
  const marking = { id, environment };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) {
    throw new CountersignError('USAGE', `\`${id}\` is no id for what is deployed`, {
      hint: 'up to 64 letters, digits, dots, underscores and hyphens',
    });
  }
  const { wanted, losses } = service.translate(definition, { environment, settings }, marking);
  if (wanted.length === 0) {
    throw new CountersignError('NO_DATA', `${service.title} can not run any check of \`${environment}\``);
  }
  distinct(wanted);
  return { service, wanted, losses, connect: (surroundings) => service.connect(surroundings, marking) };
}

/**
 * What differs between a file and what a service holds of it. Only reads. Without credentials, or where the service
 * can't be asked or answers strangely, it throws: no answer is no equality.
 */
export async function differences(order: DeployOrder, surroundings: Surroundings): Promise<Plan> {
  const deployment = await prepareDeployment(order);
  const found = await deployment.connect(surroundings).list();
  return planOf(deployment.wanted, found, deployment.service);
}
