//! Leases: who holds which, whether that owner lives, and the fence that each write is
//! checked against.

use async_trait::async_trait;
use deploycenter_domain::name::TargetId;
use deploycenter_ports::{Holder, Lease, Leases, Page, PageRequest, StoreError};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::heartbeat::expiry;
use crate::liveness::Sign;
use crate::row::{cut, one_more, page, parse, place};
use crate::sqlite::SqliteStore;

/// Who has a lease: which open store, on which machine, and until when it is the owner's
/// although nothing is heard of it.
pub(crate) struct Owner {
    process: String,
    machine: Option<String>,
    holder: Holder,
    expires: Option<jiff::Timestamp>,
}

/// A lease's target, last fence, and the columns of its owner, null together where nobody
/// holds it.
type LeaseColumns = (
    String,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn read(
    (target, fence, process, machine, owner, since, expires): LeaseColumns,
) -> Result<(TargetId, i64, Option<Owner>), StoreError> {
    let target: TargetId = parse("a lease's target", &target)?;
    let what = format!("the time of the lease on {target}");
    let owner = match (process, owner, since) {
        (Some(process), Some(owner), Some(since)) => Some(Owner {
            process,
            machine,
            holder: Holder {
                owner,
                since: parse(&what, &since)?,
            },
            expires: expires.map(|at| parse(&what, &at)).transpose()?,
        }),
        _ => None,
    };
    Ok((target, fence, owner))
}

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(&self, target: &TargetId) -> Result<Lease, StoreError> {
        let mut transaction = self.writing().await?;
        let found = lease(&mut transaction, target).await?;
        if let Some((_, Some(owner))) = &found
            && self.is_alive(owner)
        {
            return Err(StoreError::Locked {
                target: target.clone(),
                holder: owner.holder.clone(),
            });
        }
        let fence = found.map_or(0, |(fence, _)| fence) + 1;
        let now = self.now();
        sqlx::query(
            "INSERT INTO leases (target, fence, process, machine, owner, since, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (target) DO UPDATE SET
                 fence = $2, process = $3, machine = $4, owner = $5, since = $6, expires = $7",
        )
        .bind(target.to_string())
        .bind(fence)
        .bind(self.key())
        .bind(self.machine())
        .bind(self.owner())
        .bind(now.to_string())
        .bind(expiry(now)?)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Lease {
            target: target.clone(),
            fence,
        })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        sqlx::query(
            "UPDATE leases
             SET process = NULL, machine = NULL, owner = NULL, since = NULL, expires = NULL
             WHERE target = $1 AND fence = $2 AND process = $3",
        )
        .bind(lease.target.to_string())
        .bind(lease.fence)
        .bind(self.key())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn holders(&self, page: PageRequest) -> Result<Page<(TargetId, Holder)>, StoreError> {
        let Page { items, next } = self.leases(page).await?;
        let alive = items.into_iter().filter(|(.., alive)| *alive);
        Ok(Page {
            items: alive.map(|(target, holder, _)| (target, holder)).collect(),
            next,
        })
    }
}

impl SqliteStore {
    /// Every lease that is held, by whom, and whether that one is alive.
    pub(crate) async fn leases(
        &self,
        request: PageRequest,
    ) -> Result<Page<(TargetId, Holder, bool)>, StoreError> {
        let after: Option<String> = place(&request)?;
        let rows: Vec<LeaseColumns> = sqlx::query_as(
            "SELECT target, fence, process, machine, owner, since, expires FROM leases
             WHERE process IS NOT NULL AND target > $1 ORDER BY target LIMIT $2",
        )
        .bind(after.unwrap_or_default())
        .bind(one_more(&request))
        .fetch_all(&mut *self.reading().await?)
        .await
        .map_err(failed)?;
        let rows = cut(rows, &request, |(target, ..)| target.clone());
        let Page { items, next } = page(rows, read)?;
        let held = items.into_iter().filter_map(|(target, _, owner)| {
            let owner = owner?;
            let alive = self.is_alive(&owner);
            Some((target, owner.holder, alive))
        });
        Ok(Page {
            items: held.collect(),
            next,
        })
    }

    /// Whether an owner keeps its leases. What its process shows decides where that can be
    /// seen from here, and how long it was silent where not.
    fn is_alive(&self, owner: &Owner) -> bool {
        if owner.process == self.key() {
            return true;
        }
        let here = owner
            .machine
            .as_deref()
            .is_none_or(|machine| machine == self.machine());
        match self.sign_of(&owner.process) {
            Sign::Alive => true,
            Sign::None if here => false,
            Sign::None | Sign::Unseen => owner.expires.is_some_and(|until| self.now() < until),
        }
    }
}

/// The last fence of a target that ever had a lease, and who holds it.
async fn lease(
    db: &mut SqliteConnection,
    target: &TargetId,
) -> Result<Option<(i64, Option<Owner>)>, StoreError> {
    let row: Option<LeaseColumns> = sqlx::query_as(
        "SELECT target, fence, process, machine, owner, since, expires FROM leases
         WHERE target = $1",
    )
    .bind(target.to_string())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let lease = row.map(read).transpose()?;
    Ok(lease.map(|(_, fence, owner)| (fence, owner)))
}

/// Refuses a lease that was given back or taken over.
pub(crate) async fn check_fence(
    db: &mut SqliteConnection,
    held: &Lease,
    key: &str,
) -> Result<(), StoreError> {
    let found = lease(db, &held.target).await?;
    let ours = found.is_some_and(|(fence, owner)| {
        fence == held.fence && owner.is_some_and(|owner| owner.process == key)
    });
    if ours {
        Ok(())
    } else {
        Err(StoreError::Fenced(held.target.clone()))
    }
}
