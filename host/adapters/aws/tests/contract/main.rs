//! The adapters' contract, tested against the sandbox's stand-ins and against moto.
#![expect(clippy::unwrap_used, reason = "tests")]

mod backend;
mod efs;
mod faults;
mod raw;
mod route53;
mod scripted;
mod secrets;
mod steps;

macro_rules! contract {
    ($($module:ident::$name:ident,)*) => {
        mod on_the_sandbox {
            $(#[tokio::test]
            async fn $name() {
                if let Some(backend) = crate::backend::sandbox().await {
                    crate::$module::$name(backend).await;
                }
            })*
        }
        mod on_moto {
            $(#[tokio::test]
            async fn $name() {
                if let Some(backend) = crate::backend::moto().await {
                    crate::$module::$name(backend).await;
                }
            })*
        }
    };
}

contract! {
    efs::a_file_system_is_made_once_and_goes_again,
    efs::another_file_system_in_the_place_is_told_apart,
    efs::mount_targets_come_and_go_before_their_file_system,
    efs::an_access_point_is_made_once_and_goes_again,
    efs::an_access_point_cannot_change,
    route53::a_record_is_made_once_changed_and_removed,
    route53::an_alias_and_a_wildcard_are_seen_as_they_were_made,
    route53::a_record_that_someone_edited_is_left_alone,
    route53::a_simple_record_is_foreign_and_a_neighbour_is_not,
    route53::one_bad_record_of_fifty_fails_alone,
    secrets::an_entry_is_drawn_once_and_goes_again,
    secrets::an_entry_keeps_its_keys,
    secrets::an_entry_on_its_way_out_is_foreign,
    secrets::a_person_gives_an_entry_and_gives_it_anew,
}
