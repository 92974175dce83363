//! Laws of permission: an operation is opened by a scope of its own and by no other.

use crate::world::scope;
use sekisho_rules::permission::{Operation, Permission, permission};

#[test]
fn threat_17_each_operation_is_opened_by_its_own_scope_only() {
    assert_eq!(permission(&scope(""), Operation::Revoke), Permission::Missing);
    for operation in Operation::ALL {
        for other in Operation::ALL {
            for word in other.scopes() {
                let granted = permission(&scope(word), operation) == Permission::Granted;
                assert_eq!(granted, operation == other, "{operation:?} by {word}");
            }
        }
        let reading = scope("read:users read:clients update:users openid profile");
        assert_eq!(permission(&reading, operation), Permission::Missing);
    }
}
