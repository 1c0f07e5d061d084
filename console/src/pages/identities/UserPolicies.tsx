import { Anchor, Button, Group, Select, Stack } from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { useAction, useOperation, type ShownOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { Panel } from '@/ui/Panel';
import { policyPath } from './PolicyList';
import { drawn, useAllPolicies } from './whole';

const touched: readonly ShownOperation[] = ['ListPoliciesForUser', 'ListPolicies', 'ListUsers', 'GetPolicy'];

/** The policies of one user. */
export function UserPolicies({ user }: { user: string }): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.policies;
  const [picked, setPicked] = useState<string | null>(null);
  const own = useOperation('ListPoliciesForUser', { UserName: user });
  const all = useAllPolicies();
  const attach = useAction('AttachPolicyToUser', touched);
  const detach = useAction('DetachPolicyFromUser', touched);
  const has = new Set(own.data?.Policies.Policy.map((policy) => policy.PolicyName));
  const add = async (): Promise<void> => {
    if (picked !== null && (await attach.run({ PolicyName: picked, UserName: user }))) setPicked(null);
  };
  return (
    <Panel flush title={identities.users.policies}>
      <DataTable
        label={identities.users.policies}
        rows={own.data?.Policies.Policy}
        rowKey={(policy) => policy.PolicyName}
        failure={own.error}
        onRetry={() => void own.refetch()}
        empty={<Empty icon={IconFileText} title={words.none} hint={words.noneHint} />}
        columns={[
          {
            key: 'name',
            header: identities.name,
            cell: (policy) => (
              <Anchor component={Link} to={policyPath(policy.PolicyName)} fw={550}>
                {policy.PolicyName}
              </Anchor>
            ),
          },
          { key: 'what', header: words.description, cell: (policy) => policy.Description ?? '' },
          {
            key: 'do',
            header: '',
            end: true,
            cell: (policy) => (
              <Button
                size="xs"
                variant="default"
                onClick={() => void detach.run({ PolicyName: policy.PolicyName, UserName: user })}
              >
                {words.detach}
              </Button>
            ),
          },
        ]}
      />
      <Stack p="md" gap="sm">
        <Group align="flex-end">
          <Select
            label={words.attachPick}
            data={all.data?.map((policy) => policy.PolicyName).filter((name) => !has.has(name)) ?? []}
            value={picked}
            onChange={setPicked}
            searchable
            limit={drawn}
            clearable
            nothingFoundMessage={common.nothingMatches}
          />
          <Button disabled={picked === null} loading={attach.busy} onClick={() => void add()}>
            {words.attach}
          </Button>
        </Group>
        {(attach.failure ?? detach.failure) && <Failure failure={attach.failure ?? detach.failure} />}
      </Stack>
    </Panel>
  );
}
