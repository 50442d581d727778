// SPDX-License-Identifier: Apache-2.0
//! What the made-up machines of tests have in common.

/// The rest of a `System` that only looks: what is asked is asked of the field
/// with this name, and whatever would change something ends the test.
macro_rules! changes_nothing {
    ($rest:ident) => {
        fn resolve(
            &self,
            path: &::std::path::Path,
        ) -> Result<Option<::std::path::PathBuf>, ::slurmha_host::FileError> {
            self.$rest.resolve(path)
        }
        fn read_directory(
            &self,
            path: &::std::path::Path,
        ) -> Result<Vec<String>, ::slurmha_host::FileError> {
            self.$rest.read_directory(path)
        }
        fn is_claimed(
            &self,
            device: &::std::path::Path,
        ) -> Result<bool, ::slurmha_host::FileError> {
            self.$rest.is_claimed(device)
        }
        fn random(&self, count: usize) -> Result<Vec<u8>, ::slurmha_host::FileError> {
            self.$rest.random(count)
        }
        fn stage(
            &self,
            path: &::std::path::Path,
            _: &[u8],
            _: ::slurmha_host::Ids,
        ) -> Result<::std::path::PathBuf, ::slurmha_host::FileError> {
            panic!("nobody should write {}", path.display())
        }
        fn commit(
            &self,
            _: &::std::path::Path,
            path: &::std::path::Path,
        ) -> Result<(), ::slurmha_host::FileError> {
            panic!("nobody should write {}", path.display())
        }
        fn make_directory(
            &self,
            path: &::std::path::Path,
            _: ::slurmha_host::Ids,
        ) -> Result<(), ::slurmha_host::FileError> {
            panic!("nobody should make {}", path.display())
        }
        fn set_access(
            &self,
            path: &::std::path::Path,
            _: ::slurmha_host::Ids,
        ) -> Result<(), ::slurmha_host::FileError> {
            panic!("nobody should change {}", path.display())
        }
        fn remove_file(&self, path: &::std::path::Path) -> Result<bool, ::slurmha_host::FileError> {
            panic!("nobody should remove {}", path.display())
        }
        fn remove_tree(&self, path: &::std::path::Path) -> Result<(), ::slurmha_host::FileError> {
            panic!("nobody should remove {}", path.display())
        }
        fn rename(
            &self,
            from: &::std::path::Path,
            _: &::std::path::Path,
        ) -> Result<(), ::slurmha_host::FileError> {
            panic!("nobody should rename {}", from.display())
        }
    };
}
pub(crate) use changes_nothing;
