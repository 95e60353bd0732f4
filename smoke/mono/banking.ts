/** Where the service offers open banking to system integrators. */
export const banking = '/api/v1/si/banking/open-banking';
export const webhook = '/api/v1/webhooks/mono/integrations/mono/webhook';
