//! The adapters' contract, tested against the sandbox's stand-ins and against moto.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adopt_efs;
mod adopt_record;
mod backend;
mod doctor;
mod efs;
mod faults;
mod inventory;
mod raw;
mod route53;
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
    adopt_efs::a_file_system_is_adopted_and_given_back,
    adopt_efs::a_file_system_of_an_earlier_incarnation_is_adopted_and_given_back,
    adopt_efs::what_cannot_become_ours_is_refused,
    adopt_record::a_simple_record_is_adopted_and_given_back,
    adopt_record::a_simple_alias_is_adopted_and_given_back,
    adopt_record::an_aaaa_is_adopted_with_its_a_and_given_back,
    adopt_record::a_weighted_record_is_adopted_and_its_neighbours_stay,
    inventory::all_of_efs_is_listed_and_nothing_foreign,
    inventory::all_records_are_listed_and_nothing_foreign,
    inventory::all_secrets_are_listed_and_a_given_one_can_go,
    route53::a_record_is_made_once_changed_and_removed,
    route53::an_alias_and_a_wildcard_are_seen_as_they_were_made,
    route53::an_a_and_its_aaaa_are_one,
    route53::a_record_that_someone_edited_is_left_alone,
    route53::a_simple_record_is_foreign_and_a_neighbour_is_not,
    route53::one_bad_record_of_fifty_fails_alone,
    secrets::an_entry_is_drawn_once_and_goes_again,
    secrets::an_entry_keeps_its_keys,
    secrets::an_entry_on_its_way_out_is_foreign,
    secrets::a_person_gives_an_entry_and_gives_it_anew,
}
