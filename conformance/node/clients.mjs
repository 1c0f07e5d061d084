// The official Node clients behind one face: an operation and its parameters in, a reply or a refusal out.
// Each is used as its own users use it; nothing of them is changed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { RPCClient } = require('@alicloud/pop-core');
const OpenApi = require('@alicloud/openapi-client');
const { default: OpenApiUtil } = require('@alicloud/openapi-util');
const { RuntimeOptions, ExtendsParameters } = require('@alicloud/tea-util');
const Core = require('@alicloud/openapi-core');
const { RuntimeOptions: DaraRuntimeOptions } = require('@darabonba/typescript');

export const VERSION = '2019-06-01';
const REQUEST_ID = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/;

// A refusal as a client's user meets it.
export class Refused extends Error {
  constructor(fields) {
    super(fields.message);
    Object.assign(this, fields, { denied: plain(fields.denied) });
    assert.match(this.requestId, REQUEST_ID);
  }
}

// Some clients give objects without a prototype, which compare as different.
const plain = (body) => body && JSON.parse(JSON.stringify(body));

function replied(body) {
  assert.match(body.RequestId, REQUEST_ID);
  return plain(body);
}

// `@alicloud/pop-core`: RPC signatures; parameters in the query of a GET, or in the form of a POST.
function popCore(tenant, method) {
  return {
    tenant,
    async call(endpoint, key, action, params = {}) {
      const client = new RPCClient({
        accessKeyId: key.id, accessKeySecret: key.secret, endpoint: `http://${endpoint}`, apiVersion: VERSION,
      });
      try {
        return replied(await client.request(action, params, { method, timeout: 20_000 }));
      } catch (error) {
        if (!error.data) throw error;
        assert.equal(error.name, `${error.code}Error`);
        throw new Refused({
          raised: error, status: error.entry.response.statusCode, code: error.code, message: error.message,
          requestId: error.data.RequestId, denied: error.data.AccessDeniedDetail,
          retryAfter: Number(error.entry.response.headers['x-acs-retry-after']) || undefined,
        });
      } finally {
        client.keepAliveAgent.destroy();
      }
    },
  };
}

// `@alicloud/openapi-client`: V3 signatures, or RPC signatures when told `v2`.
function openApiClient(tenant, { method = 'POST', signatureAlgorithm, body = false } = {}) {
  return {
    tenant,
    async call(endpoint, key, action, params = {}, headers = undefined) {
      const client = new OpenApi.default(new OpenApi.Config({
        accessKeyId: key.id, accessKeySecret: key.secret, endpoint, protocol: 'http', signatureAlgorithm,
      }));
      const request = new OpenApi.OpenApiRequest(
        body ? { body: params } : { query: OpenApiUtil.query(params) },
      );
      const runtime = new RuntimeOptions(
        headers ? { extendsParameters: new ExtendsParameters({ headers }) } : {},
      );
      try {
        const response = await client.callApi(operation(OpenApi.Params, action, method, body), request, runtime);
        assert.equal(response.statusCode, 200);
        return replied(response.body);
      } catch (error) {
        if (!error.data?.RequestId) throw error;
        throw new Refused({
          raised: error, status: error.data.statusCode, code: error.code, message: error.message,
          requestId: error.data.RequestId, denied: error.accessDeniedDetail,
        });
      }
    },
  };
}

// `@alicloud/openapi-core`: what newer generated SDKs stand on; V3 signatures and classes of errors.
function openApiCore(tenant) {
  return {
    tenant,
    async call(endpoint, key, action, params = {}) {
      const client = new Core.default(new Core.$OpenApiUtil.Config({
        accessKeyId: key.id, accessKeySecret: key.secret, endpoint, protocol: 'http',
      }));
      const request = new Core.$OpenApiUtil.OpenApiRequest({ query: Core.$OpenApiUtil.default.query(params) });
      const described = operation(Core.$OpenApiUtil.Params, action, 'POST', false);
      try {
        const response = await client.callApi(described, request, new DaraRuntimeOptions({}));
        assert.equal(response.statusCode, 200);
        return replied(response.body);
      } catch (error) {
        if (!error.requestId) throw error;
        const kind = error.retryAfter || error.code.includes('Throttling') ? 'ThrottlingError'
          : error.statusCode >= 500 ? 'ServerError' : 'ClientError';
        assert.equal(error.name, kind);
        throw new Refused({
          raised: error, status: error.statusCode, code: error.code, message: error.message,
          requestId: error.requestId, denied: error.accessDeniedDetail, retryAfter: error.retryAfter,
        });
      }
    },
  };
}

function operation(Params, action, method, body) {
  return new Params({
    action, version: VERSION, protocol: 'HTTP', pathname: '/', method, authType: 'AK', style: 'RPC',
    reqBodyType: body === 'json' ? 'json' : 'formData', bodyType: 'json',
  });
}

export const CLIENTS = {
  'pop-core GET': popCore('node-pop-get', 'GET'),
  'pop-core POST': popCore('node-pop-post', 'POST'),
  'openapi-client': openApiClient('node-v3'),
  'openapi-client GET': openApiClient('node-v3-get', { method: 'GET' }),
  'openapi-client form': openApiClient('node-v3-form', { body: 'form' }),
  'openapi-client JSON': openApiClient('node-v3-json', { body: 'json' }),
  'openapi-client v2': openApiClient('node-v2', { signatureAlgorithm: 'v2' }),
  'openapi-client v2 form': openApiClient('node-v2-form', { signatureAlgorithm: 'v2', body: 'form' }),
  'openapi-core': openApiCore('node-core'),
};
