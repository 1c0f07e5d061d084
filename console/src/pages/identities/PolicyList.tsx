import { Anchor, Button, Modal, Text } from '@mantine/core';
import { IconFileText, IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import { PolicyForm } from './PolicyForm';

const size = 50;

export function policyPath(name: string): string {
  return `/identities/policies/${encodeURIComponent(name)}`;
}

/** The policies that can be attached: those that come with Landfall, and the account's own. */
export function PolicyList(): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.policies;
  const navigate = useNavigate();
  const [page, setPage] = useState(1);
  const [creating, setCreating] = useState(false);
  const policies = useOperation('ListPolicies', { PageNumber: page, PageSize: size }, { keepPrevious: true });
  return (
    <>
      <Panel
        flush
        title={words.label}
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            {words.create}
          </Button>
        }
      >
        <DataTable
          label={words.label}
          rows={policies.data?.Policies.Policy}
          rowKey={(policy) => policy.PolicyName}
          failure={policies.error}
          onRetry={() => void policies.refetch()}
          onOpen={(policy) => void navigate(policyPath(policy.PolicyName))}
          paging={{ page, size, total: policies.data?.TotalCount ?? 0, onPage: setPage }}
          empty={<Empty icon={IconFileText} title={words.none} />}
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
            {
              key: 'type',
              header: words.type,
              cell: (policy) => (policy.PolicyType === 'System' ? words.system : words.custom),
            },
            { key: 'what', header: words.description, cell: (policy) => policy.Description ?? '' },
            {
              key: 'attached',
              header: words.attached,
              end: true,
              cell: (policy) => words.attachedUsers(policy.AttachmentCount),
            },
            {
              key: 'updated',
              header: words.updated,
              wide: true,
              cell: (policy) => <When time={policy.UpdateTime} none="—" />,
            },
          ]}
        />
      </Panel>
      <Text size="sm" c="dimmed" mt="sm">
        {words.raise}
      </Text>
      <Modal
        opened={creating}
        onClose={() => setCreating(false)}
        title={words.create}
        size="lg"
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <PolicyForm onDone={(name) => void navigate(policyPath(name))} onClose={() => setCreating(false)} />
      </Modal>
    </>
  );
}
