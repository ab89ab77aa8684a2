// Reference pages of the project's schemas, made from the comments of the .proto files: what a
// field means is said once, next to the field.
#ifndef KEEPSIM_TOOLS_DOCS_REFERENCE_H_
#define KEEPSIM_TOOLS_DOCS_REFERENCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace keepsim {

struct Reference {
  std::string proto;        // relative to the tree's root, like the other paths
  std::string descriptors;  // a FileDescriptorSet of it, with source information
  std::string message;      // where reading begins, by its full name
  std::string title;
  std::string page;
};

// Every reference page of the tree.
const std::vector<Reference>& References();

// The command that writes them all.
extern const char kReferenceCommand[];

// A schema that was read: `reference.descriptors`, or its contents.
class Schema {
 public:
  static absl::StatusOr<Schema> Read(const Reference& reference);
  static absl::StatusOr<Schema> Parse(const Reference& reference, const std::string& descriptors);

  // The page in Markdown: `message`, then what it uses, depth first, then what is left of the file.
  std::string Page() const;
  // Fields and enum values without a comment, as "Message.field". The value 0 of an enum, which
  // proto3 asks for, needs none.
  std::vector<std::string> Undescribed() const;

 private:
  explicit Schema(const Reference& reference);

  Reference reference_;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  const google::protobuf::FileDescriptor* file_ = nullptr;
  const google::protobuf::Descriptor* root_ = nullptr;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_DOCS_REFERENCE_H_
