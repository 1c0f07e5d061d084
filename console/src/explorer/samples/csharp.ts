/** C# with the generic client of the family. */
import { csharp as quote } from './literals.ts';
import { paramsOf } from './python.ts';
import { lines, type Language } from './sample.ts';

export const csharp: Language = {
  id: 'csharp',
  title: 'C#',
  syntax: 'csharp',
  install: 'dotnet add package AlibabaCloud.OpenApiClient',
  file: 'Call.cs',
  write: ({ operation, pairs, endpoint }) => `using System;
using System.Collections.Generic;
using AlibabaCloud.OpenApiClient;
using AlibabaCloud.OpenApiClient.Models;
using AlibabaCloud.TeaUtil.Models;

public static class Call
{
    public static void Main()
    {
        var client = new Client(new Config
        {
            AccessKeyId = Environment.GetEnvironmentVariable("ALIBABA_CLOUD_ACCESS_KEY_ID"),
            AccessKeySecret = Environment.GetEnvironmentVariable("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
            Endpoint = ${quote(endpoint.host)},
            Protocol = ${quote(endpoint.protocol)},
        });
        var parameters = new Params
        {
${lines(paramsOf(operation), '            ', (name, value) => `${name} = ${quote(value)},`)}        };
        var request = new OpenApiRequest
        {
            Query = new Dictionary<string, string>
            {
${lines(pairs, '                ', (name, value) => `{ ${quote(name)}, ${quote(value)} },`)}            },
        };
        var reply = client.CallApi(parameters, request, new RuntimeOptions());
        Console.WriteLine(AlibabaCloud.TeaUtil.Common.ToJSONString(reply["body"]));
    }
}
`,
};
