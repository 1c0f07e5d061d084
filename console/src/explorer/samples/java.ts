/** Java with the generic client of the family. */
import { java as quote } from './literals.ts';
import { paramsOf } from './python.ts';
import { lines, type Language } from './sample.ts';

export const java: Language = {
  id: 'java',
  title: 'Java',
  syntax: 'java',
  install: 'mvn dependency:get -Dartifact=com.aliyun:tea-openapi:0.3.6',
  file: 'Call.java',
  write: ({ operation, pairs, endpoint }) => `import com.aliyun.teaopenapi.Client;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teaopenapi.models.OpenApiRequest;
import com.aliyun.teaopenapi.models.Params;
import com.aliyun.teautil.Common;
import com.aliyun.teautil.models.RuntimeOptions;
import java.util.LinkedHashMap;
import java.util.Map;

public class Call {
    public static void main(String[] args) throws Exception {
        Client client = new Client(new Config()
            .setAccessKeyId(System.getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"))
            .setAccessKeySecret(System.getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"))
            .setEndpoint(${quote(endpoint.host)})
            .setProtocol(${quote(endpoint.protocol)}));
        Params params = new Params()
${lines(paramsOf(operation), '            ', (name, value) => `.set${name}(${quote(value)})`).trimEnd()};
        Map<String, String> query = new LinkedHashMap<>();
${lines(pairs, '        ', (name, value) => `query.put(${quote(name)}, ${quote(value)});`)}        OpenApiRequest request = new OpenApiRequest().setQuery(query);
        Map<String, ?> reply = client.callApi(params, request, new RuntimeOptions());
        System.out.println(Common.toJSONString(reply.get("body")));
    }
}
`,
};
