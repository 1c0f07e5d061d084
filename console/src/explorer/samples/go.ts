/** Go with the generic client of the family. */
import { go as quote } from './literals.ts';
import { paramsOf } from './python.ts';
import { lines, type Language } from './sample.ts';

export const go: Language = {
  id: 'go',
  title: 'Go',
  syntax: 'go',
  install: 'go get github.com/alibabacloud-go/darabonba-openapi/v2 github.com/alibabacloud-go/tea',
  file: 'call.go',
  write: ({ operation, pairs, endpoint }) => `package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
)

func main() {
	client, err := openapi.NewClient(&openapiutil.Config{
		AccessKeyId:     dara.String(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID")),
		AccessKeySecret: dara.String(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")),
		Endpoint:        dara.String(${quote(endpoint.host)}),
		Protocol:        dara.String(${quote(endpoint.protocol)}),
	})
	if err != nil {
		log.Fatal(err)
	}
	params := &openapiutil.Params{
${lines(paramsOf(operation), '\t\t', (name, value) => `${`${name}:`.padEnd(12)} dara.String(${quote(value)}),`)}	}
	request := &openapiutil.OpenApiRequest{Query: map[string]*string{
${aligned(pairs)}	}}
	reply, err := client.CallApi(params, request, &dara.RuntimeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.MarshalIndent(reply["body"], "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}
`,
};

/** As gofmt would align short names. */
function aligned(pairs: readonly (readonly [string, string])[]): string {
  const widest = Math.max(0, ...pairs.map(([name]) => quote(name).length));
  return lines(pairs, '\t\t', (name, value) => `${`${quote(name)}:`.padEnd(widest + 1)} dara.String(${quote(value)}),`);
}
